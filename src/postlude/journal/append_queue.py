"""Batch queue from an event loop to the committer: no lock or future per record."""

from collections import deque
from typing import Final, Generic, Protocol, TypeVar

from postlude.model.errors import StorageError

W = TypeVar("W")
_AT_ONCE: Final = 256  # records the committer is given before the loop's turn ends, so that it syncs meanwhile


class HandOver(Protocol):
    """Passes on what was collected in one turn of a loop."""

    def __call__(self) -> None:
        """Called in the loop's thread."""
        ...


class CallSoon(Protocol):
    """Has something called at the end of the turn of an event loop: its `call_soon`."""

    def __call__(self, hand_over: HandOver, /) -> object:
        """Returns at once."""
        ...


class Deliver(Protocol[W]):
    """Tells those who wait what became of their records."""

    def __call__(self, waiters: list[W], error: StorageError | None, /) -> None:
        """Durable, or why not; called in the committer's thread. Never raises."""
        ...


class WakeCommitter(Protocol):
    """Tells the committer that records wait."""

    def __call__(self) -> None:
        """Returns at once."""
        ...


class AppendQueue(Generic[W]):
    """Collects records and their waiters, and passes them to the committer once per iteration of the loop.

    `add` is for the loop's thread only; `deliver` is called in the committer's.
    """

    def __init__(
        self,
        soon: CallSoon,
        wake: WakeCommitter,
        deliver: Deliver[W],
    ) -> None:
        self.batch = 0
        """Changes when records are passed on: values that are equal for a whole batch are computed once."""
        self.handed_over: deque[tuple[list[bytes], list[W]]] = deque()
        self.deliver = deliver
        self._records: list[bytes] = []
        self._waiters: list[W] = []
        self._soon = soon
        self._wake = wake

    def add(self, record: bytes, waiter: W) -> None:
        """Have `record` (not empty, far smaller than a segment) stored; `waiter` comes back through `deliver`."""
        records = self._records
        if not records:
            self._soon(self._hand_over)
        records.append(record)
        self._waiters.append(waiter)
        if len(records) == _AT_ONCE:
            self._hand_over()

    def _hand_over(self) -> None:
        if self._records:
            self.handed_over.append((self._records, self._waiters))
            self._records, self._waiters = [], []
            self.batch += 1
            self._wake()

    def take(self) -> tuple[list[bytes], list[W]]:
        """All records passed on, for the committer; there must be at least one."""
        records, waiters = self.handed_over.popleft()
        while self.handed_over and len(records) < 1 << 12:
            more = self.handed_over.popleft()
            records += more[0]
            waiters += more[1]
        return records, waiters
