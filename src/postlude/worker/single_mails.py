"""The worker of single messages: claims and composes due copies; the pump hands them over."""

import asyncio
from collections import deque
from collections.abc import Sequence
from itertools import islice
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.loop import unless_stopped
from postlude.services.messages.recovery import Recovery
from postlude.services.messages.sender import Ready, Sender, SenderDeps
from postlude.store.messages.rows import Claim
from postlude.worker.pump import Pump, pause

_IDLE_S: Final = 5.0  # poll interval without a wake-up: one indexed query
_AHEAD: Final = 128  # copies composed and waiting: a claim is a transaction, and half of these share one
_AHEAD_BYTES: Final = 16 << 20
_GRACE_S: Final = 20.0  # at a stop, for answers that are on their way


class Worker:
    """Sends single messages; `problem` says why they are not sent."""

    def __init__(self, deps: SenderDeps) -> None:
        self._pump: Pump[Ready] = Pump(
            name="sender",
            problem="single mails do not leave",
            connections=deps.transport.concurrency,
            most_ahead=0,
            grace_s=_GRACE_S,
            append=deps.append,
            clock=deps.clock,
        )
        self._deps = deps

    @property
    def problem(self) -> str:
        """Why no mail is sent; empty while mail is sent."""
        return self._pump.problem

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Send until `stop`; `wake` is set by others when a copy may have become due.

        Copies that a dead worker of the same journal was handing over become INDETERMINATE once the journal is
        digested, and are never sent automatically; those of living workers are left alone. Returns when every claim is
        journaled or returned; hand-overs that do not end within 20 s after the stop become INDETERMINATE at the next
        start.
        """
        await self._pump.run(_Mails(self._deps, self._pump, wake), stop)


class _Mails:
    """A CopySource: copies that are due, composed ahead in a thread up to a number and a size."""

    def __init__(self, deps: SenderDeps, pump: Pump[Ready], wake: asyncio.Event) -> None:
        self._deps = deps
        self._pump = pump
        self._sender = Sender(deps)
        self._recovery = Recovery(deps.store, deps.clock, deps.append, deps.digested)
        self._number: int | None = None
        self._wake = wake
        self._claimed: deque[Claim] = deque()
        self._bytes = 0  # of what is composed and not handed over
        pump.low = _AHEAD // 2

    async def feed(self) -> float:
        """Claim and compose, so that there is always something to begin."""
        if self._number is None:
            self._number = await unless_stopped(self._pump.stop, self._recovery.begin(self._deps.journal))
            return 0.0
        self._wake.clear()
        self._pump.hungry.clear()
        wait_s = self._deps.transport.wait_s()
        if not wait_s and len(self._claimed) <= _AHEAD // 2:
            self._claimed.extend(await self._claim(_AHEAD - len(self._claimed), self._number))
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

    def claim_of(self, item: Ready) -> Claim:
        """Which copy it is, and of what state."""
        return item.claim

    async def hand_over(self, item: Ready) -> None:
        """Return when its result is durable."""
        try:
            await self._sender.hand_over(item)
        finally:
            self._bytes -= item.size
            if self._bytes <= _AHEAD_BYTES // 2:
                self._pump.hungry.set()

    async def give_back(self, items: Sequence[Ready]) -> None:
        """Return composed and claimed copies."""
        await self._sender.give_back([*(item.claim for item in items), *self._claimed])

    async def settled(self) -> None:
        """Every result was durable when its hand-over returned."""

    async def _claim(self, limit: int, number: int) -> list[Claim]:
        return await asyncio.to_thread(self._deps.store.sending.claim, limit, self._deps.clock.now(), number)

    async def _pause(self, wait_s: float) -> None:
        """Wait for room (when enough is composed), else for a wake-up or the next due copy."""
        full = bool(self._claimed)
        seconds = _IDLE_S if full else max(wait_s, await self._seconds())
        self._pump.well()
        await pause(min(seconds, 60.0), (self._pump.stop, self._pump.hungry if full else self._wake))

    async def _seconds(self) -> float:
        now = self._deps.clock.now()
        due = await asyncio.to_thread(self._deps.store.sending.next_due, now)
        return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
