"""The worker: claims what is due, hands it over, and after a crash says what nobody can know."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import StorageError
from postlude.services.messages.sender import Ready, Sender, SenderDeps
from postlude.store.messages.rows import Claim

_IDLE_S: Final = 5.0  # a look at the queue even when nobody rang: one indexed query
_AHEAD: Final = 128  # copies composed and waiting: a claim is a transaction, and half of these share one
_AHEAD_BYTES: Final = 16 << 20
_BROKEN_S: Final = 1.0
_GRACE_S: Final = 20.0  # at a stop, for answers that are on their way

_log = logging.getLogger(__name__)


async def run_worker(deps: SenderDeps, stop: asyncio.Event, wake: asyncio.Event) -> None:
    """Send until `stop`; `wake` is set by others when a copy may have become due.

    Copies a dead worker of the same journal was handing over, once everything journaled has been digested, become
    UNSURE and are never sent by themselves; another living worker's are left alone. Returns when every claim is
    journaled or given back; hand-overs that do not end within 20 s after the stop are left to the next start, which
    finds them UNSURE. A store that refuses is asked again for as long as it does.
    """
    sender = Sender(deps)
    number = await _begun(sender, stop)
    if number is not None:
        await _Worker(deps, sender, number, stop, wake).run()


async def _begun(sender: Sender, stop: asyncio.Event) -> int | None:
    """The id to claim with, once what dead workers left is settled; None when stopped before."""
    stopping = asyncio.create_task(stop.wait())
    try:
        while not stop.is_set():
            beginning = asyncio.create_task(sender.begin())
            await asyncio.wait((beginning, stopping), return_when=asyncio.FIRST_COMPLETED)
            if not beginning.done():
                beginning.cancel()
                await asyncio.gather(beginning, return_exceptions=True)
            elif (error := beginning.exception()) is None:
                return beginning.result()
            else:
                _log.error("nothing is sent yet, tried again: %s", error, exc_info=error)
                await asyncio.wait((stopping,), timeout=_BROKEN_S)
    finally:
        stopping.cancel()
    return None


class _Worker:
    """Three steps, each a little ahead of the next: claim and compose, say that a few begin, hand those over.

    So a worker that is killed leaves a few copies that may have left, and gives all others back. Two lanes a
    connection: while one waits for the disk to take an answer, the other uses the connection.
    """

    def __init__(self, deps: SenderDeps, sender: Sender, number: int, stop: asyncio.Event, wake: asyncio.Event) -> None:
        self._deps = deps
        self._sender = sender
        self._number = number
        self._stop = stop
        self._wake = wake
        self._lanes = 2 * deps.transport.lanes
        self._claimed: deque[Claim] = deque()
        self._composed: deque[Ready] = deque()
        self._bytes = 0  # of what is composed and not handed over
        self._closing = False
        self._more = asyncio.Event()
        self._hungry = asyncio.Event()
        self._begun: asyncio.Queue[Ready | None] = asyncio.Queue(self._lanes)

    async def run(self) -> None:
        lanes = [asyncio.create_task(self._lane(), name=f"lane {number}") for number in range(self._lanes)]
        beginning = asyncio.create_task(self._begin(), name="begin")
        try:
            await self._feed()
            self._closing = True
            self._more.set()
            await beginning
            await self._sender.give_back([*(ready.claim for ready in self._composed), *self._claimed])
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    for _ in lanes:
                        await self._begun.put(None)
                    await asyncio.wait(lanes)
        finally:
            for task in (beginning, *lanes):
                task.cancel()
            await asyncio.gather(beginning, *lanes, return_exceptions=True)

    async def _feed(self) -> None:
        """Claim and compose, so that there is always something to begin."""
        while not self._stop.is_set():
            self._wake.clear()
            self._hungry.clear()
            wait_s = self._deps.transport.wait_s()
            if not wait_s and len(self._claimed) <= _AHEAD // 2:
                self._claimed.extend(await self._claim(_AHEAD - len(self._claimed)))
            if not self._claimed or self._bytes >= _AHEAD_BYTES or len(self._composed) >= _AHEAD:
                await self._pause(wait_s, full=bool(self._claimed))
                continue
            some = list(islice(self._claimed, _AHEAD // 2))
            for ready in await self._prepare(some):
                self._claimed.popleft()
                self._composed.append(ready)
                self._bytes += ready.size
            self._more.set()

    async def _begin(self) -> None:
        """Journal the next few copies as begun, then let the lanes have them."""
        while not self._closing:
            if not self._composed:
                self._more.clear()
                await self._more.wait()
                continue
            some = [self._composed.popleft() for _ in range(min(self._lanes, len(self._composed)))]
            try:
                await self._sender.say_begun(some)
            except StorageError as error:
                _log.error("nothing leaves while the journal cannot be written: %s", error)
                self._composed.extendleft(reversed(some))
                await asyncio.sleep(_BROKEN_S)
                continue
            for ready in some:
                await self._begun.put(ready)
            if len(self._composed) <= _AHEAD // 2:
                self._hungry.set()

    async def _lane(self) -> None:
        while (ready := await self._begun.get()) is not None:
            try:
                await self._sender.hand_over(ready)
            except Exception:  # noqa: BLE001 - the worker outlives what fails once
                # The claim stays SENDING: the next start reports it as unsure, which is the truth.
                _log.exception("copy %016x: its hand-over failed, the result is unknown", ready.claim.copy)
            self._bytes -= ready.size
            if self._bytes <= _AHEAD_BYTES // 2:
                self._hungry.set()

    async def _claim(self, limit: int) -> list[Claim]:
        try:
            return await asyncio.to_thread(self._deps.store.sending.claim, limit, self._deps.clock.now(), self._number)
        except Exception:  # noqa: BLE001 - the worker outlives what fails once
            _log.exception("the queue cannot be read; tried again")
            await asyncio.sleep(_BROKEN_S)
            return []

    async def _prepare(self, some: Sequence[Claim]) -> list[Ready]:
        try:
            return await self._sender.prepare(some, _AHEAD_BYTES - self._bytes)
        except Exception:  # noqa: BLE001 - the worker outlives what fails once
            _log.exception("what is to be sent cannot be read; tried again")
            await asyncio.sleep(_BROKEN_S)
            return []

    async def _pause(self, wait_s: float, *, full: bool) -> None:
        """Until there is room for more (when enough is composed), else until somebody rang or a copy is due."""
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
            due = await asyncio.to_thread(self._deps.store.sending.next_due, now)
        except Exception:  # noqa: BLE001 - the worker outlives what fails once
            _log.exception("the queue cannot be read; tried again")
            return _IDLE_S
        return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
