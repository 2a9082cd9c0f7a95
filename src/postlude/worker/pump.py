"""From claimed copies to the next mail server: senders take what a source has claimed, one attempt each at a time.

An attempt is journaled as started just before a connection takes the message's first byte. So a worker that is killed
leaves as many copies that may have arrived as it has senders, at most, and all others are given back. A database or
disk that fails makes the senders wait and try again, never end.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from time import monotonic, perf_counter
from typing import Final, Generic, Protocol, TypeVar

from postlude.kit.clock import Clock
from postlude.kit.loop import STANDS_STILL_S, TaskLoop, stopped_within
from postlude.model.errors import InUseError, StorageError
from postlude.services.messages.attempt_log import AttemptLog, JournaledStart, Startable
from postlude.services.ports import Append

Item = TypeVar("Item")
Item_contra = TypeVar("Item_contra", contravariant=True)

# More than the connections, where these are few: while some wait for the disk to take that they start, others send.
# It is also how many copies a kill may leave indeterminate.
_LEAST_SENDERS: Final = 8
_RATE_S: Final = 0.2

_log = logging.getLogger(__name__)


class CopySource(Protocol[Item_contra]):
    """Source of copies, and the hand-over of one."""

    async def feed(self) -> float:
        """Claim copies and add them to the pump; seconds until the next call. May raise StorageError."""
        ...

    def claim_of(self, item: Item_contra) -> Startable:
        """Which copy it is, and of what state."""
        ...

    async def hand_over(self, item: Item_contra, start: JournaledStart) -> None:
        """One attempt. Returns when its result is on its way into the journal, before any later start.

        StorageError when the journal did not take `start`.
        """
        ...

    def may_last(self, item: Item_contra) -> bool:
        """Whether its attempt takes minutes on a slow line although all is well."""
        ...

    async def give_back(self, items: Sequence[Item_contra]) -> None:
        """These were claimed and did not start; at the end also what the source itself still has claimed."""
        ...

    async def settled(self) -> None:
        """Return when every result is durable."""
        ...


class Pump(Generic[Item]):
    """Runs a source."""

    def __init__(
        self, *, name: str, problem: str, connections: int, grace_s: float, append: Append, clock: Clock
    ) -> None:
        """`append`: of the journal the results go into, in the order in which both are asked for.

        `grace_s`: how long attempts may take after a stop; what lasts longer is indeterminate at the next start.
        """
        self._name = name
        self._problem = problem
        self.starts: Final = AttemptLog(append, clock)
        self._grace_s = grace_s
        self._senders: Final = max(_LEAST_SENDERS, connections)
        self._waiting: deque[Item] = deque()
        self._trying: Final[dict[asyncio.Task[None], tuple[Item, JournaledStart]]] = {}
        self._since: Final[dict[asyncio.Task[None], float]] = {}
        """When the attempts under way began, without those that may last."""
        self._moved = 0.0
        self._more = asyncio.Event()
        self._closing = False
        self._rest_until = 0.0
        self._handed = (0, perf_counter())
        self._feeding: TaskLoop | None = None
        self._journal: Final = TaskLoop(
            f"{name}'s journal", self._nothing, expected=(StorageError, InUseError), problem=problem
        )
        self.stop = asyncio.Event()
        self.hungry: Final = asyncio.Event()
        """Set when no more than `low` copies wait for a sender, for the source to clear."""
        self.low = self._senders
        self.rate = 0.0
        """Copies sent per second, averaged."""
        self.in_hand = 0
        """Copies that were added and are neither handed over nor taken out."""

    @property
    def problem(self) -> str:
        """Why nothing leaves; empty when copies leave."""
        return next((loop.problem for loop in (self._feeding, self._journal) if loop and loop.problem), self._stuck())

    def _stuck(self) -> str:
        """Whatever the attempts wait for: none has ended for too long."""
        late_s = monotonic() - max(self._moved, min(self._since.values(), default=float("inf")))
        if late_s < STANDS_STILL_S:
            return ""
        return f"{self._problem}: no attempt has ended for {late_s:.0f} s; the next mail server is silent or very slow"

    @property
    def waiting(self) -> Sequence[Item]:
        """What was added and is with no sender, in order."""
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

    def well(self, rest_s: float) -> None:
        """Called by the source before it waits for so long: nothing is wrong."""
        assert self._feeding is not None
        self._feeding.worked(rest_s)

    async def run(self, source: CopySource[Item], stop: asyncio.Event) -> None:
        """Until `stop` or `end`; returns when what has started has its result and the rest is given back."""
        self.stop = stop
        self._feeding = TaskLoop(
            self._name,
            source.feed,
            expected=(StorageError, InUseError),
            problem=self._problem,
            patience_s=STANDS_STILL_S,
        )
        senders = [asyncio.create_task(self._sender(source), name=f"{self._name} {n}") for n in range(self._senders)]
        try:
            await self._feeding.run(stop)
        finally:
            self._closing = True
            self._more.set()
            await self._finish(source, senders)

    async def _finish(self, source: CopySource[Item], senders: Sequence[asyncio.Task[None]]) -> None:
        """What has started may end; the rest is given back, also what waits for a server or a connection."""
        left = self.remove_waiting(lambda _: True)
        for sender, (item, start) in list(self._trying.items()):
            if not start.taken:
                sender.cancel()
                left.append(item)
        await asyncio.wait(senders, timeout=self._grace_s)
        for sender in senders:
            sender.cancel()
        await asyncio.gather(*senders, return_exceptions=True)
        left += self.remove_waiting(lambda _: True)
        try:
            await source.give_back(left)
        except (StorageError, InUseError) as error:
            _log.error("%s: copies stay claimed until the next start: %s", self._name, error)
        await source.settled()

    async def _sender(self, source: CopySource[Item]) -> None:
        me = asyncio.current_task()
        assert me is not None
        while (item := await self._next()) is not None:
            start = JournaledStart(self.starts, source.claim_of(item))
            self._trying[me] = item, start
            if not source.may_last(item):
                self._since[me] = monotonic()
            try:
                if self._journal.problem:  # then it costs no connection to find out whether it takes anything again
                    await start.durable()
                await source.hand_over(item, start)
            except (StorageError, InUseError) as error:
                self._waiting.appendleft(item)
                await self._rest(error)
                continue
            except Exception:  # noqa: BLE001 - the worker outlives what fails once
                # It stays as it is: the next start gives it back, or reports it as indeterminate when it had started.
                _log.exception("copy %016x: its hand-over failed, the result is unknown", source.claim_of(item).copy)
            finally:
                del self._trying[me]
                self._since.pop(me, None)
                self._moved = monotonic()
            if start.taken:
                self._journal.worked()
            self.in_hand -= 1
            self._count()

    async def _rest(self, error: Exception) -> None:
        """All senders together, after the journal took no start."""
        now = asyncio.get_running_loop().time
        if now() >= self._rest_until:
            self._rest_until = now() + self._journal.failed(error)
        await stopped_within(self.stop, max(0.0, self._rest_until - now()))

    async def _next(self) -> Item | None:
        while not (self._waiting or self._closing):
            self._more.clear()
            await self._more.wait()
        if self._closing:
            return None
        item = self._waiting.popleft()
        if len(self._waiting) <= self.low:
            self.hungry.set()
        return item

    def _count(self) -> None:
        now = perf_counter()
        left, since = self._handed
        if now - since < _RATE_S:
            self._handed = left + 1, since
            return
        self._handed = 0, now
        self.rate += ((left + 1) / (now - since) - self.rate) / 4

    async def _nothing(self) -> float:
        return 0.0


async def wait_for_any(seconds: float, events: Iterable[asyncio.Event]) -> None:
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
