"""The worker of single messages: claims and composes due copies; the pump hands them over."""

import asyncio
from collections import deque
from collections.abc import Sequence
from functools import partial
from itertools import islice
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.loop import retried, unless_stopped
from postlude.mail.limits import LARGE
from postlude.model.errors import InUseError, StorageError
from postlude.services.messages.attempt_log import JournaledStart
from postlude.services.messages.recovery import Recovery
from postlude.services.messages.sender import Ready, Sender, SenderDeps
from postlude.store.messages.rows import Claim
from postlude.worker.pump import Pump, wait_for_any

_IDLE_S: Final = 5.0  # poll interval without a wake-up: one indexed query
_HELD_S: Final = 1.0
_LONGEST_S: Final = 60.0
_AHEAD: Final = 128  # copies composed and waiting: a claim is a transaction, and half of these share one
_AHEAD_BYTES: Final = 16 << 20
_LARGE_AT_ONCE: Final = 2
_LARGE_HELD: Final = 1000  # so many may be due before others, and these are claimed all the same
_GRACE_S: Final = 20.0  # at a stop, for answers that are on their way


class Worker:
    """Sends single messages; `problem` says why they are not sent."""

    def __init__(self, deps: SenderDeps) -> None:
        self._pump: Pump[Ready] = Pump(
            name="sender",
            problem="single mails do not leave",
            connections=deps.transport.concurrency,
            grace_s=_GRACE_S,
            append=deps.append,
            clock=deps.clock,
        )
        self._deps = deps
        self._mails: _Mails | None = None

    @property
    def problem(self) -> str:
        """Why no mail is sent, or one could not be made ready; empty while mail is sent."""
        return self._pump.problem or (self._mails.problem if self._mails is not None else "")

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Send until `stop`; `wake` is set by others when a copy may have become due.

        Copies a dead worker of the same journal was handing over, once everything journaled has been digested, become
        INDETERMINATE; another living worker's are left alone. Returns when every claim is journaled or given back;
        messages that are not answered within 20 s after the stop are left to the next start, as INDETERMINATE.
        """
        self._mails = _Mails(self._deps, self._pump, wake)
        await self._pump.run(self._mails, stop)


class _Mails:
    """A CopySource: copies that are due, composed ahead in a thread up to a number and a size.

    Large ones are composed and sent beside the others, a few at a time: no other waits until 25 MB are composed and
    sent by a slow line, and they never take every connection.
    """

    def __init__(self, deps: SenderDeps, pump: Pump[Ready], wake: asyncio.Event) -> None:
        self._deps = deps
        self._pump = pump
        self._sender = Sender(deps)
        self._recovery = Recovery(
            deps.store, deps.clock, deps.append, deps.digested, deps.retry, journals=deps.journals
        )
        pump.starts.took = self._recovery.took
        self._number: int | None = None
        self._wake = wake
        self._claimed: deque[Claim] = deque()
        self._bytes = 0  # of what is composed and not handed over, but for large ones
        self._large: deque[Claim] = deque()
        self._large_in_hand = 0
        self._large_at_once: Final = max(1, min(_LARGE_AT_ONCE, deps.transport.concurrency - 1))
        self._composing: Final[set[asyncio.Task[None]]] = set()
        pump.low = _AHEAD // 2

    @property
    def problem(self) -> str:
        """Why one could not be made ready lately."""
        return self._sender.problem

    async def feed(self) -> float:
        """Claim and compose, so that there is always something to begin."""
        if self._number is None:
            self._number = await unless_stopped(self._pump.stop, self._recovery.begin(self._deps.journal))
            return 0.0
        self._wake.clear()
        self._pump.hungry.clear()
        wait_s = self._deps.transport.wait_s()
        room = len(self._claimed) <= _AHEAD // 2 and len(self._large) <= _LARGE_HELD
        if room and not wait_s:
            for claim in await self._claim(_AHEAD - len(self._claimed), self._number):
                (self._large if claim.size > LARGE else self._claimed).append(claim)
        self._begin_large()
        if not self._claimed or self._bytes >= _AHEAD_BYTES or len(self._pump.waiting) >= _AHEAD:
            await self._pause(wait_s)
            return 0.0
        some = list(islice(self._claimed, _AHEAD // 2))
        ready = await self._sender.prepare(some, _AHEAD_BYTES - self._bytes)
        for each in ready:
            self._claimed.popleft()
            self._bytes += each.size
        self._pump.add(ready)
        return 0.0

    def _begin_large(self) -> None:
        """Let the next large ones be composed, in threads of their own."""
        while self._large and self._large_in_hand < self._large_at_once:
            self._large_in_hand += 1
            task = asyncio.create_task(self._compose_large(self._large.popleft()), name="compose a large mail")
            self._composing.add(task)
            task.add_done_callback(self._composing.discard)

    async def _compose_large(self, claim: Claim) -> None:
        prepare = partial(self._sender.prepare, [claim], _AHEAD_BYTES)
        try:
            ready = await retried(f"composing copy {claim.copy:016x}", prepare, (StorageError, InUseError))
        except BaseException:
            self._large.appendleft(claim)
            self._large_in_hand -= 1
            raise
        self._pump.add(ready)

    def claim_of(self, item: Ready) -> Claim:
        """Which copy it is, and of what state."""
        return item.claim

    def may_last(self, item: Ready) -> bool:
        """25 MB do."""
        return item.claim.size > LARGE

    async def hand_over(self, item: Ready, start: JournaledStart) -> None:
        """Return when its result is on its way into the journal."""
        try:
            await self._sender.hand_over(item, start)
        except (StorageError, InUseError):
            raise  # the pump keeps it, and hands it over again
        except BaseException:
            self._let_go(item)
            raise
        self._let_go(item)

    def _let_go(self, item: Ready) -> None:
        """It takes no room any more."""
        if item.claim.size > LARGE:
            self._large_in_hand -= 1
            self._pump.hungry.set()
            self._wake.set()
        else:
            self._bytes -= item.size
            if self._bytes <= _AHEAD_BYTES // 2:
                self._pump.hungry.set()

    async def give_back(self, items: Sequence[Ready]) -> None:
        """Give back what was composed or only claimed."""
        for task in self._composing:
            task.cancel()
        await asyncio.gather(*self._composing, return_exceptions=True)
        await self._sender.give_back([*(item.claim for item in items), *self._claimed, *self._large])

    async def settled(self) -> None:
        """Return when every result is durable."""
        await self._sender.settled()

    async def _claim(self, limit: int, number: int) -> list[Claim]:
        return await asyncio.to_thread(self._deps.store.sending.claim, limit, self._deps.clock.now(), number)

    async def _pause(self, wait_s: float) -> None:
        """Wait for room (when enough is composed), else for a wake-up or the next due copy."""
        full = bool(self._claimed)
        seconds = min(_LONGEST_S, _IDLE_S if full else max(wait_s, await self._seconds()))
        self._pump.well(seconds)
        await wait_for_any(seconds, (self._pump.stop, self._pump.hungry if full else self._wake))

    async def _seconds(self) -> float:
        now = self._deps.clock.now()
        due = await asyncio.to_thread(self._deps.store.sending.next_due, now)
        if due is not None and due <= now and not self._pump.waiting:  # sending is paused: nothing of it is claimed
            return _HELD_S
        return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
