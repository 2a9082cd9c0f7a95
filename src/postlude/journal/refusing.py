"""What stands in for a journal that cannot be opened: it refuses every record at once, with the reason."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar

from postlude.journal.lane import Lane
from postlude.journal.writer import Done, WriterStats
from postlude.model.errors import StorageError

W = TypeVar("W")


class RefusingJournal:
    """Has the parts of a JournalWriter that the edge uses. For one thread."""

    number: Final = 0
    alarm: Final = ""

    def __init__(self, root: Path, name: str, error: StorageError) -> None:
        self.root: Final = root
        self.name: Final = name
        self._error = error
        self._lost = 0
        self._lanes: list[Lane[Any]] = []

    @property
    def stats(self) -> WriterStats:
        """Nothing but losses and their reason."""
        return WriterStats(0, 0, 0, self._lost, 0, str(self._error))

    def lane(
        self, soon: Callable[[Callable[[], None]], object], deliver: Callable[[list[W], StorageError | None], None]
    ) -> Lane[W]:
        """As a writer's."""
        lane = Lane(soon, self._refuse, deliver)
        self._lanes.append(lane)
        return lane

    def submit(self, data: bytes, done: Done) -> None:  # noqa: ARG002 - a writer's signature
        """Refuse one record."""
        self._lost += 1
        done(self._error)

    def close(self) -> None:
        """Nothing to let go of."""

    def _refuse(self) -> None:
        for lane in self._lanes:
            while lane.handed_over:
                records, waiters = lane.take()
                self._lost += len(records)
                lane.deliver(waiters, self._error)
