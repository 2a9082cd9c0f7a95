"""A listening socket whose connections are counted from the moment they are accepted, TLS handshakes included."""

import asyncio
import logging
import socket
import ssl
from contextlib import suppress
from typing import Final, Protocol

from postlude.kit.connection_caps import ConnectionCap, ConnectionCaps

_log: Final = logging.getLogger(__name__)
_HANDSHAKE_S: Final = 10.0
_NO_DESCRIPTOR_PAUSE_S: Final = 0.5


class Release(Protocol):
    """Stops counting a connection."""

    def __call__(self) -> None:
        """Called by the protocol when its connection is gone; nothing the second time."""
        ...


class MakeConnection(Protocol):
    """Builds the protocol of one connection."""

    def __call__(self, address: str, release: Release, /) -> asyncio.Protocol:
        """`address` is the peer's, empty for one without."""
        ...


class MakeRoom(Protocol):
    """Ends a connection that idles."""

    def __call__(self) -> bool:
        """Whether there was one."""
        ...


class Listener:
    """Accepts connections while `caps` allow it.

    `make` builds the protocol of one connection from its peer's address. A connection over the limit of an address gets
    `refusal` and is closed. When the whole listener is full, `make_room` may end an idle one first; where there is none
    the oldest connection whose TLS handshake is not complete is ended, so that handshakes that never come keep out no
    client that speaks.
    """

    def __init__(
        self,
        name: str,
        sock: socket.socket,
        caps: ConnectionCaps,
        make: MakeConnection,
        *,
        refusal: bytes,
        make_room: MakeRoom,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._name: Final = name
        self._sock: Final = sock
        self._caps: Final = caps
        self._make: Final = make
        self._refusal: Final = refusal
        self._make_room: Final = make_room
        self._tls: Final = tls
        self._starting: Final[dict[asyncio.Task[None], Release]] = {}

    async def accept(self) -> None:
        """Accept until cancelled; accepted connections continue."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    conn, peer = await loop.sock_accept(self._sock)
                except OSError as error:
                    _log.warning("%s cannot accept a connection: %s", self._name, error.strerror)
                    await asyncio.sleep(_NO_DESCRIPTOR_PAUSE_S)
                    continue
                self._accepted(conn, str(peer[0]) if isinstance(peer, tuple) else "")
        finally:
            for task in self._starting:
                task.cancel()

    def _accepted(self, conn: socket.socket, address: str) -> None:
        refused = self._caps.enter(address)
        if refused is ConnectionCap.TOTAL and (self._make_room() or self._end_oldest_handshake()):
            refused = self._caps.enter(address)
        if refused is not None:
            self._refuse(conn, address, refused)
            return
        left = False

        def release() -> None:
            nonlocal left
            if not left:
                left = True
                self._caps.leave(address)

        task = asyncio.get_running_loop().create_task(self._start(conn, address, release))
        self._starting[task] = release
        task.add_done_callback(lambda done: self._starting.pop(done, None))

    def _end_oldest_handshake(self) -> bool:
        """Whether there was one. Without TLS a connection is made at once, so none is left to end."""
        oldest = next(iter(self._starting), None) if self._tls else None
        if oldest is None:
            return False
        self._starting.pop(oldest)()
        oldest.cancel()
        return True

    async def _start(self, conn: socket.socket, address: str, release: Release) -> None:
        try:
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: self._make(address, release),
                conn,
                ssl=self._tls,
                ssl_handshake_timeout=_HANDSHAKE_S if self._tls else None,
            )
        except (OSError, TimeoutError):  # no handshake, or gone before it: a stranger's doing
            release()
            conn.close()
        except BaseException:
            release()
            conn.close()
            raise

    def _refuse(self, conn: socket.socket, address: str, refused: ConnectionCap) -> None:
        limit = self._caps.total if refused is ConnectionCap.TOTAL else self._caps.per_address
        _log.warning(
            "%s: more than %d connections%s: one is refused",
            self._name,
            limit,
            "" if refused is ConnectionCap.TOTAL else f" from {address}",
            extra={"peer": address},
        )
        with conn:
            if self._tls is None:
                with suppress(OSError):
                    conn.send(self._refusal)
