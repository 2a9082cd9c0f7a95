"""An SMTP server on a listening socket: who is let in, who makes room, and the orderly end."""

import asyncio
import socket
from collections.abc import Collection
from typing import Final

from postlude.adapters.smtp_server.policy import SessionPolicyOf
from postlude.adapters.smtp_server.session import SmtpServerConfig, SmtpServerSession
from postlude.kit.connection_caps import ConnectionCaps
from postlude.kit.descriptors import connections_below
from postlude.kit.listener import Listener, Release
from postlude.kit.message_buffers import MessageBuffers

_FULL: Final = "421 4.7.0 This server has too many connections and yours was idle; try again later"
_TOO_MANY: Final = "421 4.7.0 Too many connections from your address; end one of them, or try again later"


async def serve(
    config: SmtpServerConfig,
    sock: socket.socket,
    policy: SessionPolicyOf,
    stop: asyncio.Event,
) -> None:
    """Answer on a listening socket until `stop`, then let open transactions end for up to 5 seconds."""
    sessions: dict[_Tracked, None] = {}
    buffers = MessageBuffers(config.buffered_bytes)
    caps = ConnectionCaps(
        connections_below(config.connections), config.connections_per_address, config.trusted_networks
    )

    def make(_address: str, release: Release) -> SmtpServerSession:
        session = _Tracked(config, policy, buffers, sessions, release)
        sessions[session] = None
        return session

    def make_room() -> bool:
        """End the oldest connection that idles."""
        idle = next((session for session in sessions if session.transport is not None and not session.busy), None)
        if idle is None:
            return False
        idle.hang_up(_FULL)
        idle.left()
        return True

    listener = Listener(
        f"SMTP server {config.hostname}",
        sock,
        caps,
        make,
        refusal=_TOO_MANY.encode() + b"\r\n",
        make_room=make_room,
        tls=config.tls if config.implicit_tls else None,
    )
    error = await _accept_until(stop, listener)
    sock.close()
    await _end(sessions)
    if error is not None:
        raise error


async def _accept_until(stop: asyncio.Event, listener: Listener) -> Exception | None:
    """What ended accepting connections before `stop` did."""
    loop = asyncio.get_running_loop()
    accepting = loop.create_task(listener.accept())
    waiting = loop.create_task(stop.wait())
    await asyncio.wait({accepting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    accepting.cancel()
    [ended] = await asyncio.gather(accepting, return_exceptions=True)
    return ended if isinstance(ended, Exception) else None


async def _end(sessions: Collection[SmtpServerSession]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 5
    while any(session.transaction is not None for session in sessions) and loop.time() < deadline:  # noqa: ASYNC110 - many sessions, once
        await asyncio.sleep(0.05)
    for session in list(sessions):
        if session.transport is not None:
            session.transport.close()
    await asyncio.sleep(0)


class _Tracked(SmtpServerSession):
    def __init__(
        self,
        config: SmtpServerConfig,
        policy: SessionPolicyOf,
        buffers: MessageBuffers,
        sessions: "dict[_Tracked, None]",
        release: Release,
    ) -> None:
        self._sessions = sessions
        self._release = release
        super().__init__(config, policy, buffers)

    def left(self) -> None:
        """Stop counting it."""
        self._sessions.pop(self, None)
        self._release()

    def connection_lost(self, error: Exception | None) -> None:
        self.left()
        super().connection_lost(error)
