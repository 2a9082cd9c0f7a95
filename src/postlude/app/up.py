"""`postlude up` and `postlude app`: the app process, alone or with edge and mail as its children."""

import asyncio
import sys
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import replace
from socket import socket

from postlude.app.children import Child
from postlude.app.folder import FolderLock
from postlude.app.listen import FACES, listen_for, port_of
from postlude.app.parts import Parts, build_parts
from postlude.app.run import run_until_stopped, start_log
from postlude.config import Settings


def run_app(settings: Settings, *, everything: bool) -> None:
    """Run the app process until it is told to stop; with `everything` also edge and mail, as its children.

    What cannot work is said before anything starts: settings, data folder, its lock, ports.
    """
    start_log(settings.log_level)
    parts = build_parts(settings)
    lock = parts.folder.lock()
    sockets = {face: listen_for(settings, face) for face in (FACES if everything else ("web",))}
    bound = {f"{face}_port": port_of(sock) for face, sock in sockets.items()}  # port 0 took a free one
    parts = replace(parts, settings=replace(settings, **bound))  # type: ignore[arg-type]  # ports are int fields
    run_until_stopped(lambda stop: _run(parts, sockets, lock, stop))


async def _run(parts: Parts, sockets: Mapping[str, socket], lock: FolderLock, stop: asyncio.Event) -> None:
    async with AsyncExitStack() as stack:
        stack.callback(lock.close)
        if "edge" in sockets:
            await _start_child(stack, "edge", [sockets["edge"]])
        # Only now the heavy imports: the edge already serves while they load.
        from postlude.app.main import AppProcess  # noqa: PLC0415 - see above

        app = await stack.enter_async_context(AppProcess(parts, sockets["web"], tuple(sockets)))
        if "relay" in sockets:
            await _start_child(stack, "mail", [sockets["relay"], sockets["inbound"]])
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
