"""Replacement for a journal that cannot be opened: refuses every record at once, with the reason."""

import logging
from pathlib import Path
from time import monotonic
from typing import Any, Final, TypeVar

from postlude.journal import lost
from postlude.journal.append_queue import AppendQueue, CallSoon, Deliver
from postlude.journal.writer import Done, WriterStats
from postlude.model.errors import StorageError

W = TypeVar("W")
_NOTE_SECONDS: Final = 1.0  # a killed process forgets the losses of this time, not more

_log = logging.getLogger(__name__)


class RefusingJournal:
    """Has the parts of a JournalWriter that the edge uses. For one thread."""

    number: Final = 0
    alarm: Final = ""
    stalled_s: Final = 0.0

    def __init__(self, root: Path, name: str, error: StorageError) -> None:
        self.root: Final = root
        self.name: Final = name
        self._error = error
        self._lost = 0
        self._noted = 0
        self._note_at = monotonic() + _NOTE_SECONDS
        self._queues: list[AppendQueue[Any]] = []

    @property
    def stats(self) -> WriterStats:
        """Nothing but losses and their reason."""
        return WriterStats(0, 0, 0, self._lost, 0, str(self._error))

    @property
    def unnoted(self) -> int:
        """Losses of this process that `losses` does not include yet."""
        return self._lost - self._noted

    def append_queue(self, soon: CallSoon, deliver: Deliver[W]) -> AppendQueue[W]:
        """As a writer's."""
        queue = AppendQueue(soon, self._refuse, deliver)
        self._queues.append(queue)
        return queue

    def submit(self, data: bytes, done: Done) -> None:  # noqa: ARG002 - a writer's signature
        """Refuse one record."""
        self._lose(1)
        done(self._error)

    def close(self) -> None:
        """Record the losses where the next start finds them."""
        self._note()
        if self._lost:
            _log.error("journal: %d records of %s were lost: %s", self._lost, self.name, self._error)

    def _lose(self, records: int) -> None:
        self._lost += records
        if monotonic() >= self._note_at:
            self._note()

    def _note(self) -> None:
        self._note_at = monotonic() + _NOTE_SECONDS
        if self._lost > self._noted and lost.note(self.root / self.name, self._lost - self._noted):
            self._noted = self._lost

    def _refuse(self) -> None:
        for queue in self._queues:
            while queue.handed_over:
                records, waiters = queue.take()
                self._lose(len(records))
                queue.deliver(waiters, self._error)
