"""Starts a campaign worker when a campaign is due; the worker ends by itself when there is no more work.

A separate process: composing and signing take a whole core, which the web app and the digest need for themselves. Most
of the time no campaign is sent, and then it costs no memory.
"""

import asyncio
from typing import Final, Self

from postlude.app.processes.children import Child, ChildSpec, no_sockets
from postlude.kit.clock import Clock
from postlude.services.campaigns.work import worker_wanted
from postlude.services.health import SILENT_S
from postlude.store import Store

_STOP_WITHIN: Final = 15.0
_IDLE_END_S: Final = 10


class CampaignWorkers:
    """An async context: inside it a worker runs whenever one is wanted; one that dies or hangs is started again."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store: Final = store
        self._clock: Final = clock
        arguments = ("--idle-end", str(_IDLE_END_S))
        self._child: Final = Child(
            ChildSpec("campaign worker", "worker", no_sockets, arguments, _STOP_WITHIN, wanted=self._wanted)
        )

    @property
    def problem(self) -> str:
        """Why campaigns do not leave; empty when they do."""
        silent_s = self._child.report().silent_s
        hangs = f"the worker gives no sign of life for {silent_s:.0f} s: it will be killed and started again"
        why = hangs if silent_s > SILENT_S else self._child.problem
        return f"campaigns do not leave: {why}" if why else ""

    async def __aenter__(self) -> Self:
        """Begin to look."""
        await self._child.start()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Let the worker finish its running attempts."""
        await self._child.stop()

    async def _wanted(self) -> bool:
        return await asyncio.to_thread(worker_wanted, self._store, self._clock.now())
