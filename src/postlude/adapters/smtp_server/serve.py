"""An SMTP server on a listening socket: who is let in, who makes room, and the orderly end."""

import asyncio
import socket
from collections.abc import Collection
from typing import Final

from postlude.adapters.smtp_server.held import MessageBuffers
from postlude.adapters.smtp_server.session import DoorConfig, SessionPolicyOf, SmtpServerSession
from postlude.kit.connection_caps import ConnectionCaps
from postlude.kit.descriptors import connections_below
from postlude.kit.listener import Listener, Release

_FULL: Final = "421 4.7.0 This server has too many connections and yours was idle; try again later"
_TOO_MANY: Final = "421 4.7.0 Too many connections from your address; end one of them, or try again later"


async def serve(
    config: DoorConfig,
    sock: socket.socket,
    guard: SessionPolicyOf,
    stop: asyncio.Event,
) -> None:
    """Answer on a listening socket until `stop`, then let open transactions end for up to 5 seconds."""
    loop = asyncio.get_running_loop()
    doors: dict[_Tracked, None] = {}
    held = MessageBuffers(config.held_bytes)
    caps = ConnectionCaps(
        connections_below(config.connections), config.connections_per_address, config.trusted_networks
    )

    def make(_address: str, release: Release) -> SmtpServerSession:
        door = _Tracked(config, guard, held, doors, release)
        doors[door] = None
        return door

    def make_room() -> bool:
        """End the oldest connection that idles."""
        idle = next((door for door in doors if door.transport is not None and not door.busy), None)
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
    accepting = loop.create_task(listener.accept())
    waiting = loop.create_task(stop.wait())
    await asyncio.wait({accepting, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    accepting.cancel()
    results = await asyncio.gather(accepting, return_exceptions=True)
    sock.close()
    await _end(doors)
    for error in results:
        if isinstance(error, Exception):
            raise error


async def _end(doors: Collection[SmtpServerSession]) -> None:
    loop = asyncio.get_running_loop()
    deadline = loop.time() + 5
    while any(door.letter is not None for door in doors) and loop.time() < deadline:  # noqa: ASYNC110 - many doors, once
        await asyncio.sleep(0.05)
    for door in list(doors):
        if door.transport is not None:
            door.transport.close()
    await asyncio.sleep(0)


class _Tracked(SmtpServerSession):
    def __init__(
        self,
        config: DoorConfig,
        guard: SessionPolicyOf,
        held: MessageBuffers,
        doors: "dict[_Tracked, None]",
        release: Release,
    ) -> None:
        self._doors = doors
        self._release = release
        super().__init__(config, guard, held)

    def left(self) -> None:
        """Count it no longer."""
        self._doors.pop(self, None)
        self._release()

    def connection_lost(self, error: Exception | None) -> None:
        self.left()
        super().connection_lost(error)
