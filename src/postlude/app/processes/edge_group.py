"""Several edge processes on one port, each with its own journal; the kernel spreads the connections."""

import asyncio
from socket import socket

from postlude.app.processes.children import Child, ChildSpec
from postlude.app.processes.event_loop import run_until_stopped
from postlude.app.processes.sockets import EndpointSockets, edge_names
from postlude.app.processes.supervised import Bond
from postlude.config import Settings


def run_edges(settings: Settings, *, name: str, bond: Bond | None) -> None:
    """Run as many edges as the settings say until told to stop; one that dies or hangs is started again.

    This process keeps the sockets: connections that arrive while a dead edge restarts wait for it.
    """
    sockets = EndpointSockets(settings)
    sockets.get("edge")

    async def main(stop: asyncio.Event) -> None:
        children = [
            Child(_spec(sockets, number, name if number == 1 else f"{name}-{number}"))
            for number in range(1, settings.edge_processes + 1)
        ]
        try:
            for child in children:
                await child.start()
            await stop.wait()
        finally:
            for child in children:
                child.expect_end()
            await asyncio.gather(*(child.stop() for child in children))
            sockets.close()

    run_until_stopped(main, bond=bond)


def _spec(sockets: EndpointSockets, number: int, name: str) -> ChildSpec:
    async def handed() -> dict[str, socket]:
        return sockets.flags({"--edge-fd": edge_names(number)[-1]})

    return ChildSpec(name, "edge", handed, ("--name", name))
