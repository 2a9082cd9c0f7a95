"""Starts a campaign worker when a campaign has something for one; it ends by itself when there is nothing left.

A process of its own: composing and signing take a whole core, which the web app and the digest need for themselves.
Most of the time no campaign is sent, and then it costs no memory.
"""

import asyncio
import logging
import sys
from contextlib import suppress
from typing import Final, Self

from postlude.kit.clock import Clock
from postlude.services.campaigns.work import worker_wanted
from postlude.store import Store

_LOOK_S: Final = 1.0
_FIRST_PAUSE: Final = 1.0
_LONGEST_PAUSE: Final = 60.0
_STOP_WITHIN: Final = 15.0

_log = logging.getLogger("postlude.campaigns")


class CampaignWorkers:
    """An async context: inside it a worker runs whenever one is wanted."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        self._process: asyncio.subprocess.Process | None = None
        self._stop: Final = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._pause = _FIRST_PAUSE

    async def __aenter__(self) -> Self:
        """Begin to look."""
        self._task = asyncio.create_task(self._run(), name="campaign workers")
        return self

    async def __aexit__(self, *_: object) -> None:
        """Let the worker finish what it has begun."""
        self._stop.set()
        if self._task:
            await asyncio.gather(self._task, return_exceptions=True)
        process = self._process
        if process is None or process.returncode is not None:
            return
        if process.stdin:
            process.stdin.close()
        try:
            async with asyncio.timeout(_STOP_WITHIN):
                await process.wait()
        except TimeoutError:
            _log.warning("the campaign worker did not stop in %.0f s: killed", _STOP_WITHIN)
            process.kill()
            await process.wait()

    async def _run(self) -> None:
        while not self._stop.is_set():
            try:
                await self._look()
            except Exception:  # noqa: BLE001 - looked at again in a moment
                _log.exception("campaigns cannot be looked at")
            with suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_S):
                    await self._stop.wait()

    async def _look(self) -> None:
        if self._process is not None:
            if self._process.returncode is None:
                return
            code, self._process = self._process.returncode, None
            if code:
                _log.error("the campaign worker ended with code %d; the next one starts in %.0f s", code, self._pause)
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._pause):
                        await self._stop.wait()
                self._pause = min(2 * self._pause, _LONGEST_PAUSE)
            else:
                self._pause = _FIRST_PAUSE
        if not self._stop.is_set() and await asyncio.to_thread(worker_wanted, self._store, self._clock.now()):
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "postlude", "worker", "--child", "--idle-end", "10"),
                stdin=asyncio.subprocess.PIPE,
            )
