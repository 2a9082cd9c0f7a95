"""The worker: claims what is due, hands it over, and after a crash says what nobody can know."""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.loop import TaskLoop, unless_stopped
from postlude.model.errors import InUseError, StorageError
from postlude.services.messages.sender import Ready, Sender, SenderDeps
from postlude.store.messages.rows import Claim

_IDLE_S: Final = 5.0  # a look at the queue even when nobody rang: one indexed query
_AHEAD: Final = 128  # copies composed and waiting: a claim is a transaction, and half of these share one
_AHEAD_BYTES: Final = 16 << 20
_PROBLEM: Final = "single mails do not leave"
_GRACE_S: Final = 20.0  # at a stop, for answers that are on their way

_log = logging.getLogger(__name__)


class Worker:
    """Three steps, each a little ahead of the next: claim and compose, say that a few begin, hand those over.

    So a worker that is killed leaves a few copies that may have left, and gives all others back. Two lanes a
    connection: while one waits for the disk to take an answer, the other uses the connection.

    A database or disk that fails makes it wait and try again, never end; `problem` says why meanwhile.
    """

    def __init__(self, deps: SenderDeps) -> None:
        self._deps = deps
        self._sender = Sender(deps)
        self._number: int | None = None
        self._stop = asyncio.Event()
        self._wake = asyncio.Event()
        self._feeding = TaskLoop("sender", self._feed, expected=(StorageError, InUseError), problem=_PROBLEM)
        self._beginning = TaskLoop("sender's journal", self._begin, expected=(StorageError,), problem=_PROBLEM)
        self._lanes = 2 * deps.transport.lanes
        self._claimed: deque[Claim] = deque()
        self._composed: deque[Ready] = deque()
        self._bytes = 0  # of what is composed and not handed over
        self._more = asyncio.Event()
        self._hungry = asyncio.Event()
        self._begun: asyncio.Queue[Ready | None] = asyncio.Queue(self._lanes)

    @property
    def problem(self) -> str:
        """Why nothing leaves; empty when mail leaves."""
        return self._feeding.problem or self._beginning.problem

    async def run(self, stop: asyncio.Event, wake: asyncio.Event) -> None:
        """Send until `stop`; `wake` is set by others when a copy may have become due.

        Copies a dead worker of the same journal was handing over, once everything journaled has been digested, become
        UNSURE and are never sent by themselves; another living worker's are left alone. Returns when every claim is
        journaled or given back; hand-overs that do not end within 20 s after the stop are left to the next start, which
        finds them UNSURE.
        """
        self._stop, self._wake = stop, wake
        lanes = [asyncio.create_task(self._lane(), name=f"lane {number}") for number in range(self._lanes)]
        closing = asyncio.Event()
        beginning = asyncio.create_task(self._beginning.run(closing), name="begin")
        try:
            await self._feeding.run(stop)
            closing.set()
            self._more.set()
            await beginning
            await self._give_back([*(ready.claim for ready in self._composed), *self._claimed])
            with suppress(TimeoutError):
                async with asyncio.timeout(_GRACE_S):
                    for _ in lanes:
                        await self._begun.put(None)
                    await asyncio.wait(lanes)
        finally:
            for task in (beginning, *lanes):
                task.cancel()
            await asyncio.gather(beginning, *lanes, return_exceptions=True)

    async def _feed(self) -> float:
        """Claim and compose, so that there is always something to begin."""
        if self._number is None:
            self._number = await self._started()
            return 0.0
        self._wake.clear()
        self._hungry.clear()
        wait_s = self._deps.transport.wait_s()
        if not wait_s and len(self._claimed) <= _AHEAD // 2:
            self._claimed.extend(await self._claim(_AHEAD - len(self._claimed)))
        if not self._claimed or self._bytes >= _AHEAD_BYTES or len(self._composed) >= _AHEAD:
            await self._pause(wait_s, full=bool(self._claimed))
            return 0.0
        some = list(islice(self._claimed, _AHEAD // 2))
        for ready in await self._sender.prepare(some, _AHEAD_BYTES - self._bytes):
            self._claimed.popleft()
            self._composed.append(ready)
            self._bytes += ready.size
        self._more.set()
        return 0.0

    async def _started(self) -> int | None:
        """The number to claim with, once what a dead worker left is settled; None when the stop came first."""
        return await unless_stopped(self._stop, self._sender.begin())

    async def _begin(self) -> float:
        """Journal the next few copies as begun, then let the lanes have them."""
        if not self._composed:
            self._more.clear()
            await self._more.wait()
            return 0.0
        some = [self._composed.popleft() for _ in range(min(self._lanes, len(self._composed)))]
        try:
            await self._sender.say_begun(some)
        except StorageError:
            self._composed.extendleft(reversed(some))
            raise
        for ready in some:
            await self._begun.put(ready)
        if len(self._composed) <= _AHEAD // 2:
            self._hungry.set()
        return 0.0

    async def _give_back(self, claims: Sequence[Claim]) -> None:
        """At the end. What cannot be given back is still claimed, not begun: the next start gives it back."""
        try:
            await self._sender.give_back(claims)
        except (StorageError, InUseError) as error:
            _log.error("%d copies stay claimed until the next start: %s", len(claims), error)

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
        assert self._number is not None
        return await asyncio.to_thread(self._deps.store.sending.claim, limit, self._deps.clock.now(), self._number)

    async def _pause(self, wait_s: float, *, full: bool) -> None:
        """Until there is room for more (when enough is composed), else until somebody rang or a copy is due."""
        events = (self._stop, self._hungry) if full else (self._stop, self._wake)
        seconds = _IDLE_S if full else max(wait_s, await self._seconds())
        self._feeding.worked()
        waits = [asyncio.create_task(event.wait()) for event in events]
        try:
            await asyncio.wait(waits, timeout=min(seconds, 60.0), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*waits, return_exceptions=True)

    async def _seconds(self) -> float:
        now = self._deps.clock.now()
        due = await asyncio.to_thread(self._deps.store.sending.next_due, now)
        return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
