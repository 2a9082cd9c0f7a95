"""Starts a campaign worker when a campaign is due; the worker ends by itself when there is no more work.

A separate process: composing and signing take a whole core, which the web app and the digest need for themselves. Most
of the time no campaign is sent, and then it costs no memory.
"""

import asyncio
import logging
import sys
from typing import Final, Self

from postlude.kit.clock import Clock
from postlude.kit.loop import Pauses, TaskLoop
from postlude.model.errors import PostludeError
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
        self._loop: Final = TaskLoop(
            "campaign workers", self._look, expected=(PostludeError,), problem="campaigns do not leave"
        )
        self._pauses: Final = Pauses(_FIRST_PAUSE, _LONGEST_PAUSE)

    @property
    def problem(self) -> str:
        """Why no worker can be started; empty when one can."""
        return self._loop.problem

    async def __aenter__(self) -> Self:
        """Start."""
        self._loop.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Let the worker finish its running attempts."""
        await self._loop.stop()
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

    async def _look(self) -> float:
        if self._process is not None:
            code = self._process.returncode
            if code is None:
                return _LOOK_S
            self._process = None
            if code:
                pause = self._pauses.next()
                _log.error("the campaign worker ended with code %d; the next one starts in %.0f s", code, pause)
                return pause
            self._pauses.reset()
        if await asyncio.to_thread(worker_wanted, self._store, self._clock.now()):
            self._process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "postlude", "worker", "--child", "--idle-end", "10"),
                stdin=asyncio.subprocess.PIPE,
            )
        return _LOOK_S
