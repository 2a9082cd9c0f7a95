"""The worker: claims what is due, hands it over, and after a crash says what nobody can know."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.services.send import Sender, SenderDeps
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
    worker = await sender.begin()
    running: set[asyncio.Task[object]] = set()
    while not stop.is_set():
        wake.clear()
        free = deps.concurrency - len(running)
        claims = await _claim(deps, free, worker) if free else []
        running.update(asyncio.create_task(_one(sender, claim)) for claim in claims)
        if len(claims) < free or not free:
            await _pause(deps, running, stop, wake)
        running = {task for task in running if not task.done()}
    if running:
        await asyncio.wait(running, timeout=_GRACE_S)
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


async def _one(sender: Sender, claim: Claim) -> None:
    try:
        await sender.hand_over(claim)
    except Exception:  # noqa: BLE001 - the worker outlives what fails once
        # The claim stays SENDING: the next start reports it as unsure, which is the truth.
        _log.exception("copy %016x: its hand-over failed in a way that leaves the result unknown", claim.copy)


async def _claim(deps: SenderDeps, limit: int, worker: int) -> list[Claim]:
    try:
        return await asyncio.to_thread(deps.store.claim, limit, deps.clock.now(), worker)
    except Exception:  # noqa: BLE001 - the worker outlives what fails once
        _log.exception("the queue cannot be read; tried again")
        await asyncio.sleep(_BROKEN_S)
        return []


async def _pause(
    deps: SenderDeps, running: set[asyncio.Task[object]], stop: asyncio.Event, wake: asyncio.Event
) -> None:
    """Until a hand-over ended, somebody rang, a copy is due or the stop."""
    waits: set[asyncio.Task[object]] = {asyncio.create_task(event.wait()) for event in (stop, wake)}
    try:
        await asyncio.wait(waits | running, timeout=await _seconds(deps), return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        with suppress(asyncio.CancelledError):
            await asyncio.gather(*waits, return_exceptions=True)


async def _seconds(deps: SenderDeps) -> float:
    now = deps.clock.now()
    try:
        due = await asyncio.to_thread(deps.store.next_due, now)
    except Exception:  # noqa: BLE001 - the worker outlives what fails once
        _log.exception("the queue cannot be read; tried again")
        return _IDLE_S
    return _IDLE_S if due is None else min(_IDLE_S, max(0.05, (due - now) / MICROS_PER_SECOND))
