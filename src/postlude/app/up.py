"""`postlude up` and `postlude app`: the app process, alone or with edge and mail as its children."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from socket import socket
from typing import NamedTuple

from postlude.app.children import Child
from postlude.app.folder import FolderLock
from postlude.app.listen import listen, port_of
from postlude.app.parts import Parts, build_parts
from postlude.app.run import run_until_stopped, start_log
from postlude.config import Settings


class Listening(NamedTuple):
    """The bound sockets; those of the children are None when the app runs alone."""

    web: socket
    edge: socket | None = None
    relay: socket | None = None
    inbound: socket | None = None


def run_app(settings: Settings, *, everything: bool) -> None:
    """Run the app process until it is told to stop; with `everything` also edge and mail, as its children.

    What cannot work is said before anything starts: settings, data folder, its lock, ports.
    """
    start_log(settings.log_level)
    parts = build_parts(settings)
    lock = parts.folder.lock()
    sockets = _bind(settings, everything=everything)
    run_until_stopped(lambda stop: _run(parts, sockets, lock, stop))


def _bind(settings: Settings, *, everything: bool) -> Listening:
    web = listen(settings.web_host, settings.web_port, "web")
    if not everything:
        return Listening(web)
    return Listening(
        web,
        listen(settings.edge_host, settings.edge_port, "edge"),
        listen(settings.relay_host, settings.relay_port, "relay"),
        listen(settings.inbound_host, settings.inbound_port, "inbound"),
    )


async def _run(parts: Parts, sockets: Listening, lock: FolderLock, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        stack.callback(lock.close)
        if sockets.edge:
            await _start_child(stack, "edge", [sockets.edge])
        # Only now the heavy imports: the edge already serves while they load.
        from postlude.app.main import AppProcess  # noqa: PLC0415 - see above

        ports = {name: port_of(sock) for name, sock in sockets._asdict().items() if sock is not None}
        app = await stack.enter_async_context(AppProcess(parts, sockets.web, ports))
        if sockets.relay and sockets.inbound:
            await _start_child(stack, "mail", [sockets.relay, sockets.inbound])
        _say(app.welcome())
        await stop.wait()
        _say("stopping")


_FLAGS = {"edge": ("--edge-fd",), "mail": ("--relay-fd", "--inbound-fd")}


async def _start_child(stack: AsyncExitStack, name: str, sockets: Sequence[socket]) -> None:
    descriptors = [sock.fileno() for sock in sockets]
    arguments = [word for flag, fd in zip(_FLAGS[name], descriptors, strict=True) for word in (flag, str(fd))]
    child = Child(name, arguments, descriptors)
    await child.start()
    stack.push_async_callback(child.stop)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()
