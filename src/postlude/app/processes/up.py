"""`postlude up` and `postlude app`: the app process, alone or with edge, relay and inbound as its children."""

import asyncio
import sys
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import replace
from socket import socket

from postlude.app.build.common import Parts, build_parts
from postlude.app.data_folder import FolderLock
from postlude.app.processes.children import start_child
from postlude.app.processes.edge_group import start_edges
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.sockets import endpoints, listen_for, port_of
from postlude.config import Settings


def run_app(settings: Settings, *, everything: bool) -> None:
    """Run the app process until it is stopped; with `everything` also edge, relay and inbound, as its children.

    Errors of settings, data folder, its lock and ports are reported before anything starts.
    """
    start_log(settings.log_level)
    parts = build_parts(settings)
    lock = parts.folder.lock()
    sockets = {
        endpoint: listen_for(settings, endpoint) for endpoint in (endpoints(settings) if everything else ("web",))
    }
    bound = {f"{endpoint}_port": port_of(sock) for endpoint, sock in sockets.items()}  # port 0 took a free one
    parts = replace(parts, settings=replace(settings, **bound))  # type: ignore[arg-type]  # ports are int fields
    run_until_stopped(lambda stop: _run(parts, sockets, lock, stop))


async def _run(parts: Parts, sockets: Mapping[str, socket], lock: FolderLock, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        stack.callback(lock.close)
        if "edge" in sockets:
            await start_edges(stack, sockets["edge"], parts.settings.edge_processes)
        # Only now the heavy imports: the edge already serves while they load.
        from postlude.app.processes.app import AppProcess  # noqa: PLC0415 - see above

        app = await stack.enter_async_context(AppProcess(parts, sockets["web"], tuple(sockets)))
        if "relay" in sockets:
            relay = {"--relay-fd": sockets["relay"]}
            if "relay_tls" in sockets:
                relay["--relay-tls-fd"] = sockets["relay_tls"]
            await start_child(stack, "relay", relay)
            await start_child(stack, "inbound", {"--inbound-fd": sockets["inbound"]})
        _say(app.welcome())
        await stop.wait()
        _say("stopping")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
