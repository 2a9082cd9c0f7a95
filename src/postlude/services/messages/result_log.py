"""A worker's results on their way into the journal: written in the background, never forgotten.

What attempts start goes the same way and in order: a start that is durable says that all results before it are.
"""

import asyncio
import logging
from typing import TYPE_CHECKING, Final

from postlude.journal import JournalWriter
from postlude.model.errors import StorageError

if TYPE_CHECKING:
    from postlude.journal.append_queue import AppendQueue

_PAUSE_S: Final = 0.5

_Waiter = bytes | asyncio.Future[None]
"""A result, which is kept until the disk takes it, or who waits for a start."""

_log = logging.getLogger(__name__)


class ResultLog:
    """Holds every record until it is durable. While the disk refuses, `ready` waits: no new copy is handed over."""

    def __init__(self, journal: JournalWriter) -> None:
        self._loop: Final = asyncio.get_running_loop()
        self._queue: Final[AppendQueue[_Waiter]] = journal.append_queue(self._loop.call_soon, self._from_committer)
        self._open = 0
        self._refused: list[bytes] = []
        self._settled: Final = asyncio.Event()
        self._settled.set()
        self._healthy: Final = asyncio.Event()
        self._healthy.set()

    def put(self, record: bytes) -> None:
        """Take a record; returns at once."""
        self._open += 1
        self._settled.clear()
        self._queue.add(record, record)

    async def append(self, record: bytes) -> None:
        """As `JournalWriter.append`, in order with the results: returns when it is durable, else StorageError."""
        future: asyncio.Future[None] = self._loop.create_future()
        self._queue.add(record, future)
        await future

    async def ready(self) -> None:
        """Return while the journal takes records."""
        if not self._healthy.is_set():
            await self._healthy.wait()

    async def settled(self) -> None:
        """Return when every added record is durable."""
        await self._settled.wait()

    def _from_committer(self, waiters: list[_Waiter], error: StorageError | None) -> None:
        self._loop.call_soon_threadsafe(self._done, waiters, error)

    def _done(self, waiters: list[_Waiter], error: StorageError | None) -> None:
        records = [one for one in waiters if isinstance(one, bytes)]
        for future in waiters:
            if not isinstance(future, bytes) and not future.done():
                if error is None:
                    future.set_result(None)
                else:
                    future.set_exception(error)
        if not records:
            return
        if error is not None:
            if not self._refused:
                _log.error("results wait until the disk can be written: %s", error)
                self._loop.call_later(_PAUSE_S, self._again)
            self._refused += records
            self._healthy.clear()
            return
        self._open -= len(records)
        if not self._refused:
            self._healthy.set()
        if not self._open:
            self._settled.set()

    def _again(self) -> None:
        records, self._refused = self._refused, []
        for record in records:
            self._queue.add(record, record)
