"""Several edge processes on one port, each with its own journal; the kernel spreads the connections."""

import asyncio
from contextlib import AsyncExitStack
from socket import socket

from postlude.app.processes.children import start_child
from postlude.app.processes.event_loop import run_until_stopped
from postlude.app.processes.sockets import another, listen_for
from postlude.config import Settings


async def start_edges(stack: AsyncExitStack, sock: socket, count: int, name: str = "edge") -> None:
    """Start `count` edges that share the address of `sock`; they stop with `stack`.

    This process keeps the sockets: connections that arrive while a dead edge restarts wait for it.
    """
    sockets = [sock, *(another(sock) for _ in range(count - 1))]
    for number, one in enumerate(sockets, 1):
        stack.callback(one.close)  # and kept until then: a restarted child gets it again
        own = name if number == 1 else f"{name}-{number}"
        await start_child(stack, "edge", {"--edge-fd": one}, ("--name", own))


def run_edges(settings: Settings, *, name: str, child: bool) -> None:
    """Run as many edges as set until stopped; one that dies is restarted."""
    sock = listen_for(settings, "edge")

    async def main(stop: asyncio.Event) -> None:
        async with AsyncExitStack() as stack:
            await start_edges(stack, sock, settings.edge_processes, name)
            await stop.wait()

    run_until_stopped(main, child=child)
