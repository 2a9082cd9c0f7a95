"""A writer's fast entrance for one event loop: no lock, no future, whole batches back."""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

from postlude.model.errors import StorageError

W = TypeVar("W")
_BATCH: Final = 4096


class Lane(Generic[W]):
    """Records with whoever waits for them. `add` is for one thread only; `deliver` is called in the committer's.

    The two lists need no lock: each line below is one step under the interpreter's lock, the waiter is there before
    its record, and the committer only takes from the front what it has counted.
    """

    def __init__(
        self, wake_soon: Callable[[], object], deliver: Callable[[list[W], StorageError | None], None]
    ) -> None:
        self.records: list[bytes] = []
        self.waiters: list[W] = []
        self.deliver = deliver
        self._wake_soon = wake_soon

    def add(self, record: bytes, waiter: W) -> None:
        """Have `record` (not empty, far smaller than a segment) stored; `waiter` comes back through `deliver`."""
        self.waiters.append(waiter)
        self.records.append(record)
        if len(self.records) == 1:  # otherwise the committer has not taken the first one yet and will see this one
            self._wake_soon()

    def take(self) -> tuple[list[bytes], list[W]]:
        """What came so far, for the committer."""
        count = min(len(self.records), _BATCH)
        records, waiters = self.records[:count], self.waiters[:count]
        del self.records[:count]
        del self.waiters[:count]
        return records, waiters
