"""The web app behind the process's own server, on a socket that is open already."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from postlude.app.processes.http_server import WebServer
from postlude.web import create_app
from support.web_world import World


@contextmanager
def serving(world: World, listening: socket.socket) -> Iterator[None]:
    """Serve until the block ends."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()

    async def start() -> WebServer:
        server = WebServer(create_app(world.deps), [listening])
        await server.start()
        return server

    async def stop() -> None:
        world.deps.stopping.set()
        await server.stop()

    server = asyncio.run_coroutine_threadsafe(start(), loop).result(20)
    try:
        yield
    finally:
        asyncio.run_coroutine_threadsafe(stop(), loop).result(20)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
