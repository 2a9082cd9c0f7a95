"""The worker: claims what is due, hands it over, and after a crash says what nobody can know."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.services.send import Ready, Sender, SenderDeps
from postlude.store.rows import Claim

_IDLE_S: Final = 5.0  # a look at the queue even when nobody rang: one indexed query
_BROKEN_S: Final = 1.0
_GRACE_S: Final = 20.0  # at a stop, for answers that are on their way

_log = logging.getLogger(__name__)


async def run_worker(deps: SenderDeps, stop: asyncio.Event, wake: asyncio.Event) -> None:
    """Send until `stop`; `wake` is set by others when a copy may have become due.

    Copies a dead worker of the same journal was handing over, once everything journaled has been digested, become
    UNSURE and are never sent by themselves; another living worker's are left alone. Returns when every claim is
    journaled or given back; hand-overs that do not end within 20 s after the stop are left to the next start, which
    finds them UNSURE.
    """
    sender = Sender(deps)
    await _Worker(deps, sender, await sender.begin(), stop, wake).run()


class _Worker:
    """Lanes hand over, one copy after the other; this task keeps a few copies ready for them.

    Two lanes a connection: while one waits for the disk to take an answer, the other uses the connection. What is
    claimed ahead is as much again, so that at most that many copies are unsure after a kill.
    """

    def __init__(self, deps: SenderDeps, sender: Sender, number: int, stop: asyncio.Event, wake: asyncio.Event) -> None:
        self._deps = deps
        self._sender = sender
        self._number = number
        self._stop = stop
        self._wake = wake
        self._ready: asyncio.Queue[Ready | None] = asyncio.Queue()
        self._hungry = asyncio.Event()
        self._lanes = 2 * deps.transport.lanes

    async def run(self) -> None:
        lanes = [asyncio.create_task(self._lane(), name=f"lane {number}") for number in range(self._lanes)]
        try:
            await self._feed()
            while not self._ready.empty():
                if (ready := self._ready.get_nowait()) is not None:
                    await self._sender.give_back(ready)
            for _ in lanes:
                self._ready.put_nowait(None)
            await asyncio.wait(lanes, timeout=_GRACE_S)
        finally:
            for lane in lanes:
                lane.cancel()
            await asyncio.gather(*lanes, return_exceptions=True)

    async def _feed(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            self._hungry.clear()
            wait_s = self._deps.transport.wait_s()
            room = 0 if wait_s else self._lanes - self._ready.qsize()
            claims = await self._claim(room) if room > 0 else []
            if claims:
                for ready in await self._sender.prepare(claims):
                    self._ready.put_nowait(ready)
            if wait_s or len(claims) < room or room <= 0:
                await self._pause(wait_s, full=room <= 0 and not wait_s)

    async def _lane(self) -> None:
        while (ready := await self._ready.get()) is not None:
            if self._ready.qsize() <= self._lanes // 2:
                self._hungry.set()
            try:
                await self._sender.hand_over(ready)
            except Exception:  # noqa: BLE001 - the worker outlives what fails once
                # The claim stays SENDING: the next start reports it as unsure, which is the truth.
                _log.exception("copy %016x: its hand-over failed, the result is unknown", ready.claim.copy)

    async def _claim(self, limit: int) -> list[Claim]:
        try:
            return await asyncio.to_thread(self._deps.store.claim, limit, self._deps.clock.now(), self._number)
        except Exception:  # noqa: BLE001 - the worker outlives what fails once
            _log.exception("the queue cannot be read; tried again")
            await asyncio.sleep(_BROKEN_S)
            return []

    async def _pause(self, wait_s: float, *, full: bool) -> None:
        """Until the lanes want more (when they are full), else until somebody rang or a copy is due; or the stop."""
        events = (self._stop, self._hungry) if full else (self._stop, self._wake)
        waits = [asyncio.create_task(event.wait()) for event in events]
        seconds = _IDLE_S if full else max(wait_s, await self._seconds())
        try:
            await asyncio.wait(waits, timeout=min(seconds, 60.0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)

    async def _seconds(self) -> float:
        now = self._deps.clock.now()
        try:
            due = await asyncio.to_thread(self._deps.store.next_due, now)
        except Exception:  # noqa: BLE001 - the worker outlives what fails once
            _log.exception("the queue cannot be read; tried again")
            return _IDLE_S
        return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
