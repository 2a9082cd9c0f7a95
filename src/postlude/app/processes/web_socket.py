"""What is served at the web app's address: a sentence while the app starts, then the app."""

import socket
from contextlib import AsyncExitStack
from typing import Final, Self

from postlude.api.starting import StartingApi
from postlude.app.background.health_watch import HealthWatch, WatchedLoop
from postlude.app.build.web import api_beside_web
from postlude.app.processes.http_server import WebServer
from postlude.app.processes.sockets import listen_for
from postlude.config import Settings
from postlude.kit.loop import TaskLoop
from postlude.model.errors import PostludeError
from postlude.web.starting import starting_app


class WebSocket:
    """An async context: inside it something answers. While another program has the port it is tried again and told."""

    def __init__(self, settings: Settings, sock: socket.socket | None, watch: HealthWatch) -> None:
        self._settings: Final = settings
        self._socket = sock
        self._application: object = api_beside_web(StartingApi(settings.public_web), starting_app(watch.health))
        self._server: WebServer | None = None
        self._loop: Final = TaskLoop(
            "web app's port", self._bind, expected=(PostludeError,), problem="the web app is not served"
        )
        watch.running.loops.append(WatchedLoop("web app", self._loop))

    async def __aenter__(self) -> Self:
        """Answer that the app is starting."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self.stop)
            if self._socket is None:
                self._loop.start()
            else:
                await self._serve()
            stack.pop_all()
        return self

    async def __aexit__(self, *_exception: object) -> None:
        """Answer no longer."""
        await self.stop()

    async def show(self, application: object) -> None:
        """Serve the app from now on. Who connects in between waits."""
        self._application = application
        if self._server is not None:
            await self._server.stop()
            await self._serve()

    async def stop(self) -> None:
        """End open requests within a few seconds."""
        await self._loop.stop()
        if self._server is not None:
            await self._server.stop()
            self._server = None

    async def _bind(self) -> float:
        self._socket = listen_for(self._settings, "web")
        await self._serve()
        self._loop.end()
        return 0.0

    async def _serve(self) -> None:
        assert self._socket is not None
        server = WebServer(self._application, [self._socket.dup()])
        await server.start()
        self._server = server
