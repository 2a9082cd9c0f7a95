"""`postlude up`: starts every process, keeps each running, and does nothing else.

It opens no store, so what is wrong with one, or with the app, takes nothing along that recipients or mail clients talk
to. Those are started first. It keeps the listening sockets: while a process is started again, who connects waits.
"""

import asyncio
import logging
from collections.abc import Mapping
from contextlib import closing
from socket import socket
from typing import Final

from postlude.app.build.common import build_parts
from postlude.app.data_folder import DataFolder
from postlude.app.processes.children import Child, ChildSpec, HandedOver
from postlude.app.processes.event_loop import run_until_stopped, say, start_log
from postlude.app.processes.reports import ChildReports
from postlude.app.processes.sockets import EndpointSockets, edge_names, endpoints
from postlude.app.processes.succession import inherit, succeed
from postlude.app.processes.supervised import APP_STOP_S, STOP_S
from postlude.config import Settings
from postlude.model.errors import InUseError

_MOST_EDGES: Final = 64

log: Final = logging.getLogger("postlude.up")


def run_up(settings: Settings) -> None:
    """Run everything until told to stop.

    Settings that cannot work, a missing key file and another `postlude up` on the folder end it before anything starts.
    """
    start_log(settings.log_level)
    folder = build_parts(settings, must_write=False).folder
    with closing(folder.lock_for_supervisor()):
        sockets = EndpointSockets(settings)
        taken = sockets.bind_free(endpoints(settings))
        run_until_stopped(_Up(settings, folder, sockets, taken).run)


class _Up:
    """The children of one start."""

    def __init__(
        self, settings: Settings, folder: DataFolder, sockets: EndpointSockets, taken: Mapping[str, InUseError]
    ) -> None:
        self._settings: Final = settings
        self._folder: Final = folder
        self._sockets: Final = sockets
        self._taken: Final = taken
        self._children: Final[list[Child]] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Start in order: what recipients need, what mail clients and servers need, the app."""
        try:
            async with ChildReports(self._folder.root, self._children):
                for spec in self._specs():
                    if spec.name == "app":
                        self._say_what_is_taken()
                    child = Child(spec)
                    self._children.append(child)
                    await child.start()
                await self._end_edges_that_are_too_many()
                await stop.wait()
                say("stopping")
        finally:
            await self._stop()

    def _specs(self) -> list[ChildSpec]:
        edges = [
            ChildSpec(name, "edge", self._handed(name, {"--edge-fd": name}), ("--outlives", "--name", name))
            for name in edge_names(self._settings.edge_processes)
        ]
        relay = {"--relay-fd": "relay"} | ({"--relay-tls-fd": "relay_tls"} if self._settings.relay_tls_port else {})
        inbound = {"--inbound-fd": "inbound"}
        return [
            *edges,
            ChildSpec("relay", "relay", self._handed("relay", relay), ("--outlives",)),
            ChildSpec("inbound", "inbound", self._handed("inbound", inbound), ("--outlives",)),
            ChildSpec("app", "app", self._for_app, ("--outlives", "--supervised"), APP_STOP_S, self._bound_ports),
        ]

    def _handed(self, child: str, flags: Mapping[str, str]) -> HandedOver:
        """Its sockets, and where one is not bound yet what a child of a `postlude up` that was killed listens on."""

        async def handed() -> dict[str, socket]:
            if not self._sockets.has(flags.values()):
                self._sockets.adopt(child, await asyncio.to_thread(inherit, self._folder.root, child))
            return self._sockets.flags(flags)

        return handed

    async def _for_app(self) -> Mapping[str, socket]:
        """Mail is digested and sent also while something else has the web app's port."""
        try:
            return await self._handed("app", {"--web-fd": "web"})()
        except InUseError:
            return {}

    def _bound_ports(self) -> tuple[str, ...]:
        """Port 0 took free ones, which the app shows."""
        return tuple(
            word
            for endpoint, (_, port) in self._sockets.bound().items()
            if port != self._settings.listens(endpoint).port
            for word in ("--port", f"{endpoint}={port}")
        )

    async def _end_edges_that_are_too_many(self) -> None:
        """Of a former start, when there are fewer now."""
        for name in edge_names(_MOST_EDGES)[self._settings.edge_processes :]:
            await asyncio.to_thread(succeed, self._folder.root, name, STOP_S)

    def _say_what_is_taken(self) -> None:
        """Nothing at all could be bound: this is a second start, which must not say that it runs."""
        if self._taken and not self._sockets.bound():
            raise next(iter(self._taken.values()))

    async def _stop(self) -> None:
        """What takes mail in first, then the app, which digests what was seen, the edges at last."""
        for child in self._children:
            child.expect_end()
        mail = [child for child in self._children if child.name in {"relay", "inbound"}]
        app = [child for child in self._children if child.name == "app"]
        rest = [child for child in self._children if child not in mail and child not in app]
        for some in (mail, app, rest):
            await asyncio.gather(*(child.stop() for child in some))
        self._sockets.close()
