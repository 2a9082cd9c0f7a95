"""uvicorn inside our own loop: our signals, our sockets, an orderly stop."""

import asyncio
import contextlib
import logging
import socket
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, cast

import uvicorn
from uvicorn._types import ASGI3Application, ASGIReceiveCallable, ASGISendCallable, Scope
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from postlude.adapters.http_connection import BoundedConnection, Connections
from postlude.kit.loop import TaskLoop

_STOP_WITHIN: Final = 5


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no signal handlers: the process handles signals in one place."""
        yield


class KeepPeer:
    """Keeps who is connected, in `scope["state"]["peer"]`, before a proxy's word replaces it."""

    def __init__(self, application: ASGI3Application) -> None:
        self._application: Final = application

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Pass the request on."""
        if scope["type"] == "http":
            state = scope.setdefault("state", {})
            state["peer"] = (scope["client"] or ("",))[0]
        await self._application(scope, receive, send)


class WebServer:
    """One ASGI application on given sockets, until `stop`."""

    def __init__(self, application: Any, sockets: Sequence[socket.socket], *, proxies: str = "127.0.0.1") -> None:  # noqa: ANN401 - any ASGI application
        self.connections = Connections()
        config = uvicorn.Config(
            KeepPeer(ProxyHeadersMiddleware(application, trusted_hosts=proxies)),
            http=cast("type[asyncio.Protocol]", partial(BoundedConnection, connections=self.connections)),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,  # read above
            interface="asgi3",
            timeout_graceful_shutdown=_STOP_WITHIN,
        )
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._server = _Server(config)
        self._sockets = list(sockets)
        self._task: asyncio.Task[None] | None = None
        self._watch = TaskLoop("web server's connections", self.connections.end_overdue)

    async def start(self) -> None:
        """Return once it serves."""
        self._task = asyncio.create_task(self._server.serve(self._sockets), name="web server")
        while not self._server.started:
            if self._task.done():
                await self._task  # raises what went wrong
                return
            await asyncio.sleep(0.005)
        self._watch.start()

    async def stop(self) -> None:
        """End open requests within a few seconds."""
        self._server.should_exit = True
        if self._task:
            await self._task
        await self._watch.stop()
