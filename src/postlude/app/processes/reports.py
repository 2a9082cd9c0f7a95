"""What a process that starts others tells of them, and how it is asked."""

import asyncio
import socket
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol

import msgspec

from postlude.kit import local_sockets
from postlude.kit.loop import TaskLoop
from postlude.model.child_report import ChildReport

SUPERVISOR: Final = "up"
_PATIENCE_S: Final = 3.0
_MOST_BYTES: Final = 1 << 20


class Reporter(Protocol):
    """A child that is watched."""

    def report(self) -> ChildReport:
        """How it is now."""
        ...


class ChildReports:
    """An async context: inside it whoever asks is told how the children are."""

    def __init__(self, folder: Path, children: Iterable[Reporter]) -> None:
        self._folder: Final = folder
        self._children: Final = children
        self._loop: Final = TaskLoop("reports of children", self._answer, expected=(OSError,))

    async def __aenter__(self) -> None:
        """Begin to answer."""
        self._loop.start()

    async def __aexit__(self, *_exception: object) -> None:
        """Answer no longer."""
        await self._loop.cancel()

    async def _answer(self) -> float:
        loop = asyncio.get_running_loop()
        with local_sockets.offer(self._folder, SUPERVISOR) as sock:
            while True:
                caller, _ = await loop.sock_accept(sock)
                with caller:
                    if not local_sockets.trusted(caller):
                        continue
                    told = msgspec.json.encode([child.report() for child in self._children])
                    with suppress(OSError, TimeoutError):
                        async with asyncio.timeout(_PATIENCE_S):
                            await loop.sock_sendall(caller, told)


def ask_supervisor(folder: Path) -> list[ChildReport] | None:
    """What the running `postlude up` tells of its children; None when none runs on this folder.

    Raises OSError when it does not answer.
    """
    sock = local_sockets.call(folder, SUPERVISOR, _PATIENCE_S)
    if sock is None:
        return None
    with sock:
        return msgspec.json.decode(_all(sock), type=list[ChildReport])


def _all(sock: socket.socket) -> bytes:
    reported = b""
    while len(reported) < _MOST_BYTES and (more := sock.recv(_MOST_BYTES)):
        reported += more
    return reported
