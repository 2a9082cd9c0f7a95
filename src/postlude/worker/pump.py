"""Moves claimed copies to the next mail server, in steps that each run slightly ahead of the next.

A source adds copies it has claimed; the next few are journaled as started; senders hand those over. So a killed worker
leaves a few copies that may have been sent, and all others return to the queue. After an error of database or disk the
steps wait and try again; they never end.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import perf_counter
from typing import Final, Generic, Protocol, TypeVar

from postlude.kit.clock import Clock
from postlude.kit.loop import TaskLoop, stopped_within
from postlude.model.errors import InUseError, StorageError
from postlude.model.observation import encode
from postlude.services.messages.retry import Begins, started_of
from postlude.services.ports import Append

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)

_log = logging.getLogger(__name__)


class CopySource(Protocol[Item_contra]):
    """Source of copies, and the hand-over of one."""

    async def feed(self) -> float:
        """Claim copies and add them to the pump; seconds until the next call. May raise StorageError."""
        ...

    def claim_of(self, item: Item_contra) -> Begins:
        """Which copy it is, and of what state."""
        ...

    async def hand_over(self, item: Item_contra) -> None:
        """One attempt. Returns when its result is stored."""
        ...

    async def give_back(self, items: Sequence[Item_contra]) -> None:
        """Return claims that were not attempted; at the end also the source's own claims."""
        ...

    async def settled(self) -> None:
        """Return when every result is durable."""
        ...


class Pump(Generic[Item]):
    """Runs a source. Two senders a connection: while one waits for the disk to take an answer, the other sends."""

    def __init__(
        self,
        *,
        name: str,
        problem: str,
        connections: int,
        most_ahead: int,
        grace_s: float,
        append: Append,
        clock: Clock,
    ) -> None:
        """`most_ahead`: how many copies may be begun before a sender is free for them, where the disk is slow.

        `grace_s`: how long hand-overs may take after a stop; what lasts longer is indeterminate at the next start.
        """
        self._name = name
        self._problem = problem
        self._append = append
        self._clock = clock
        self._grace_s = grace_s
        self._most_ahead = most_ahead
        self._senders: Final = 2 * connections
        self._ahead = self._senders
        self._waiting: deque[Item] = deque()
        self._begun: asyncio.Queue[Item | None] = asyncio.Queue()
        self._more = asyncio.Event()
        self._room = asyncio.Event()
        self._handed = (0, perf_counter())
        self._feeding: TaskLoop | None = None
        self._beginning: TaskLoop | None = None
        self.stop = asyncio.Event()
        self.hungry: Final = asyncio.Event()
        """Set when at most `low` copies wait for an attempt; the source clears it."""
        self.low = self._senders
        self.rate = 0.0
        """Copies sent per second, averaged."""
        self.in_hand = 0
        """Copies that were added and are neither handed over nor taken out."""

    @property
    def problem(self) -> str:
        """Why no copy is sent; empty while copies are sent."""
        return next((loop.problem for loop in (self._feeding, self._beginning) if loop and loop.problem), "")

    @property
    def waiting(self) -> Sequence[Item]:
        """Added copies that were not attempted, in order."""
        return self._waiting

    def add(self, items: Sequence[Item]) -> None:
        """Add copies to be sent."""
        self._waiting.extend(items)
        self.in_hand += len(items)
        self._more.set()

    def remove_waiting(self, unwanted: Callable[[Item], bool]) -> list[Item]:
        """Remove waiting copies that must not be sent now."""
        out = [item for item in self._waiting if unwanted(item)]
        if out:
            self._waiting = deque(item for item in self._waiting if not unwanted(item))
            self.in_hand -= len(out)
        return out

    def end(self) -> None:
        """Called by the source when there is no more work."""
        assert self._feeding is not None
        self._feeding.end()

    def well(self) -> None:
        """Called by the source before it waits: nothing is wrong."""
        assert self._feeding is not None
        self._feeding.worked()

    async def run(self, source: CopySource[Item], stop: asyncio.Event) -> None:
        """Until `stop` or `end`; returns when every started attempt has its result and the rest is returned."""
        expected = (StorageError, InUseError)
        self.stop = stop
        self._feeding = TaskLoop(self._name, source.feed, expected=expected, problem=self._problem)
        self._beginning = TaskLoop(
            f"{self._name}'s journal", lambda: self._begin(source), expected=expected, problem=self._problem
        )
        senders = [asyncio.create_task(self._sender(source), name=f"{self._name} {n}") for n in range(self._senders)]
        closing = asyncio.Event()
        beginning = asyncio.create_task(self._beginning.run(closing), name=f"{self._name} begin")
        try:
            await self._feeding.run(stop)
        finally:
            closing.set()
            self._more.set()
            self._room.set()
            await beginning
            await self._finish(source, senders)

    async def _finish(self, source: CopySource[Item], senders: Sequence[asyncio.Task[None]]) -> None:
        """Started attempts are still sent, the rest is returned."""
        left = self.remove_waiting(lambda _: True)
        try:
            await source.give_back(left)
        except (StorageError, InUseError) as error:
            _log.error("%s: copies stay claimed until the next start: %s", self._name, error)
        for _ in senders:
            self._begun.put_nowait(None)
        await asyncio.wait(senders, timeout=self._grace_s)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        await source.settled()

    async def _begin(self, source: CopySource[Item]) -> float:
        """Journal the next few copies as begun, then let the senders have them."""
        if not self._waiting:
            self._more.clear()
            await self._more.wait()
            return 0.0
        if self._begun.qsize() > self._ahead // 2:
            self._room.clear()
            await self._room.wait()
            return 0.0
        some = [self._waiting.popleft() for _ in range(min(self._ahead, len(self._waiting)))]
        started = perf_counter()
        try:
            await self._append(encode(started_of([source.claim_of(item) for item in some], self._clock.now())))
        except BaseException:
            self._waiting.extendleft(reversed(some))
            raise
        self._pace(perf_counter() - started)
        if len(self._waiting) <= self.low:
            self.hungry.set()
        for item in some:
            self._begun.put_nowait(item)
        return 0.0

    def _pace(self, sync_s: float) -> None:
        """Begin as many ahead as leave while the disk syncs: few with a slow server, enough with a slow disk."""
        now = perf_counter()
        left, since = self._handed
        self._handed = (0, now)
        self.rate += (left / max(now - since, 1e-6) - self.rate) / 4
        wanted = min(self._most_ahead, int(2 * sync_s * self.rate))
        self._ahead = max(self._senders, wanted, self._ahead - self._senders)

    async def _sender(self, source: CopySource[Item]) -> None:
        while (item := await self._begun.get()) is not None:
            if self._begun.qsize() <= self._ahead // 2:
                self._room.set()
            try:
                await source.hand_over(item)
            except Exception:  # noqa: BLE001 - the worker outlives what fails once
                # It stays SENDING: the next start reports it as indeterminate, which is the truth.
                _log.exception("copy %016x: its hand-over failed, the result is unknown", source.claim_of(item).copy)
            self.in_hand -= 1
            self._handed = (self._handed[0] + 1, self._handed[1])


async def pause(seconds: float, events: Iterable[asyncio.Event]) -> None:
    """Wait until one of the events is set, at most so long."""
    some = asyncio.Event()
    waits = [asyncio.create_task(event.wait()) for event in events]
    for wait in waits:
        wait.add_done_callback(lambda _: some.set())
    try:
        await stopped_within(some, seconds)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)
