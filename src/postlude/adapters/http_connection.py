"""uvicorn's connection with deadlines, bounds and caps for slow and idle clients."""

import asyncio
import logging
from ipaddress import ip_network
from typing import Any, Final, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle
from uvicorn.server import ServerState

from postlude.kit.connection_caps import ConnectionCap, ConnectionCaps
from postlude.kit.descriptors import connections_below

HEAD_BYTES: Final = 65_536
"""Of a request's line and fields; our own cookies and URLs have about 1 kB."""
HEAD_SECONDS: Final = 10.0
"""From the connection, or from a request's first byte, to the end of its head."""
BODY_SECONDS: Final = 30.0
"""That a body may take, and one more second for every BODY_RATE bytes that came."""
BODY_RATE: Final = 16_384
ANSWER_SECONDS: Final = 60.0
"""That a client may read nothing of an answer that waits for it."""
CONNECTIONS: Final = 1_000
PER_ADDRESS: Final = 300  # a reverse proxy on another machine is one address
PIPELINED: Final = 16
"""Requests that may wait behind the one that is answered; browsers send none."""
_UNWANTED_BYTES: Final = 65_536  # of a body behind its answer
_LOOK_SECONDS: Final = 0.5
_PROXIES: Final = (ip_network("127.0.0.1/32"), ip_network("::1/128"))  # a reverse proxy on this machine

_log: Final = logging.getLogger(__name__)


class Connections:
    """The connections of one web server: counted, looked through for those that are overdue."""

    def __init__(self, caps: ConnectionCaps | None = None) -> None:
        self.caps: Final = caps or ConnectionCaps(connections_below(CONNECTIONS), PER_ADDRESS, _PROXIES)
        self._open: Final[dict[BoundedConnection, None]] = {}

    def enter(self, connection: "BoundedConnection", address: str) -> ConnectionCap | None:
        """Count one more; where all places are taken the oldest connection without a request makes room."""
        refused = self.caps.enter(address)
        if refused is ConnectionCap.TOTAL and (idle := next((one for one in self._open if one.idle), None)):
            idle.transport.abort()
            self.leave(idle)
            refused = self.caps.enter(address)
        if refused is None:
            self._open[connection] = None
        return refused

    def leave(self, connection: "BoundedConnection") -> None:
        """The connection has ended."""
        if connection in self._open:
            del self._open[connection]
            self.caps.leave(connection.address)

    async def end_overdue(self) -> float:
        """End what is overdue; seconds until the next look."""
        self.look(asyncio.get_running_loop().time())
        return _LOOK_SECONDS

    def look(self, now: float) -> None:
        """End what is overdue at this time of the event loop."""
        for connection in list(self._open):
            connection.look(now)


class BoundedConnection(HttpToolsProtocol):
    """One connection. Made by uvicorn, with `connections` bound."""

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
        *,
        connections: Connections,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self.address = ""
        self._all = connections
        self._let_in = False
        self._since = self.loop.time()
        self._in_head = True
        self._in_body = False
        self._head_bytes = 0
        self._body_bytes = 0
        self._unread_since = 0.0

    @property
    def idle(self) -> bool:
        """No request is complete or being answered."""
        cycle = cast("RequestResponseCycle | None", self.cycle)
        return not self._in_body and (cycle is None or cycle.response_complete)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's own
        """Accept the connection, or refuse it as one too many."""
        peer = transport.get_extra_info("peername")
        self.address = str(peer[0]) if isinstance(peer, tuple) else ""
        refused = self._all.enter(self, self.address)
        self.transport = transport
        if refused is None:
            self._let_in = True
            super().connection_made(transport)
            return
        peer = {"peer": self.address}
        _log.warning("web: too many connections (%s): one from %s is refused", refused, self.address, extra=peer)
        _answer(transport, "503 Service Unavailable", "Too many connections. Close some, or try again in a minute.")

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        if self._let_in:
            self._all.leave(self)
            super().connection_lost(exc)
            self.pipeline.clear()

    def data_received(self, data: bytes) -> None:
        """Receive bytes; an incomplete head has a deadline."""
        if not self._let_in or self.transport.is_closing():
            return
        if not self._in_head and not self._in_body:  # the first bytes of the next request
            self._in_head, self._since, self._head_bytes = True, self.loop.time(), 0
        if self._in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._in_head and self._head_bytes > HEAD_BYTES and not self.transport.is_closing():
            text = f"The request's head is larger than {HEAD_BYTES:,} bytes. Delete this site's cookies."
            _answer(self.transport, "431 Request Header Fields Too Large", text)

    def on_message_begin(self) -> None:
        """Another request; who sends many without waiting for an answer is cut off, each takes 3 kB and a while."""
        if len(self.pipeline) >= PIPELINED:
            raise ValueError("too many requests wait")  # which ends the connection as anything that is not HTTP does
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head is complete."""
        self._in_head, self._in_body = False, True
        self._since, self._body_bytes = self.loop.time(), 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """A piece of the body; of one whose answer is sent not much more is taken."""
        self._body_bytes += len(body)
        super().on_body(body)
        if self.cycle.response_complete and self._body_bytes > _UNWANTED_BYTES:
            self.transport.close()

    def on_message_complete(self) -> None:
        """The request is complete."""
        self._in_body = False
        super().on_message_complete()

    def pause_writing(self) -> None:
        """The client does not read as fast as it is answered."""
        self._unread_since = self.loop.time()
        super().pause_writing()

    def resume_writing(self) -> None:
        """Resume writing."""
        self._unread_since = 0.0
        super().resume_writing()

    def look(self, now: float) -> None:
        """End it when it is overdue."""
        if self.transport.is_closing():
            return
        if self._unread_since and now - self._unread_since > ANSWER_SECONDS:
            self.transport.abort()
        elif self._in_head and now - self._since > HEAD_SECONDS:
            self._too_slow(answered_anything=self._head_bytes > 0)
        elif self._in_body and now - self._since > BODY_SECONDS + self._body_bytes / BODY_RATE:
            self._too_slow(answered_anything=not self.cycle.response_started)

    def _too_slow(self, *, answered_anything: bool) -> None:
        if answered_anything:
            _answer(self.transport, "408 Request Timeout", "The request came too slowly. Try again.")
        else:
            self.transport.close()


def _answer(transport: asyncio.Transport, status: str, text: str) -> None:
    """A complete answer without the application, and the end of the connection."""
    body = text.encode() + b"\n"
    head = (
        f"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    transport.write(head.encode() + body)
    transport.close()
