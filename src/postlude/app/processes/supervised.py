"""What a process owes to whoever started it: signs of life, an orderly stop, and its listening sockets.

`postlude up` starts its children with a socket as their standard input. They write `WATCHDOG=1` there as long as their
event loop turns, with what is wrong in them, and end when they read `STOP`. The service manager hears that they live
through sd_notify(3).

When the socket closes without a word, the starter has died. A process that serves recipients then goes on: it waits
under its name (kit.local_sockets) until the next `postlude up` asks for its listening sockets and tells it to stop.
"""

import asyncio
import logging
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from postlude.config import service_manager
from postlude.kit import local_sockets
from postlude.kit.file_trouble import about_a_file, file_trouble
from postlude.kit.loop import TaskLoop, Troubled
from postlude.model.errors import PostludeError

STOP: Final = b"STOP\n"
ALIVE: Final = b"WATCHDOG=1\n"
FAILED: Final = b"FAILED="
PROBLEM: Final = b"PROBLEM="
STOP_S: Final = 10.0
"""So long a process may take to finish what it has accepted."""
APP_STOP_S: Final = 60.0
"""And the app: mail that is being handed over leaves, and what was seen is digested."""
_BEAT_S: Final = 5.0
_PATIENCE_S: Final = 10.0
_MOST_BYTES: Final = 4096
_LINE_BYTES: Final = 1024

log: Final = logging.getLogger("postlude.process")


@dataclass(frozen=True)
class Bond:
    """How a child is matched to who started it."""

    folder: Path
    name: str = ""
    """The child outlives its starter and is found under this name; empty: it ends as well."""
    sockets: Mapping[str, socket.socket] = field(default_factory=dict)
    """By the flag they are handed over with."""
    troubles: list[Troubled] = field(default_factory=list)
    """What the child tells its starter of while it runs."""


class Supervision(NamedTuple):
    """What the command line says of who started this process."""

    child: bool = False
    outlives: bool = False

    def bond(self, folder: Path, name: str, sockets: Mapping[str, socket.socket]) -> Bond | None:
        """None when no starter is to be listened to."""
        if not self.child:
            return None
        return Bond(folder, name, sockets) if self.outlives else Bond(folder)


class ServiceManager:
    """systemd, where it started this process with NotifyAccess= (sd_notify(3)); else none."""

    def __init__(self) -> None:
        address, watchdog_s = service_manager()
        self._address: Final = f"\0{address[1:]}" if address.startswith("@") else address
        self.beat_s: Final = min(_BEAT_S, watchdog_s / 3) if watchdog_s else _BEAT_S

    def tell(self, words: bytes) -> None:
        """Send a line; a service manager that does not listen is none of our trouble."""
        if not self._address:
            return
        with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sock:
            sock.setblocking(False)  # noqa: FBT003 - the standard library's own signature
            sock.sendto(words, self._address)


class Supervised:
    """Keeps this process's bond while the context is open. `stop` is set when it is told to end."""

    def __init__(self, bond: Bond | None, stop: asyncio.Event) -> None:
        self._bond: Final = bond
        self._stop: Final = stop
        self._orphaned: Final = asyncio.Event()
        self._manager: Final = ServiceManager()
        self._loops: Final = [TaskLoop("signs of life", self._beat)]
        if bond is not None and bond.name:
            self._loops.append(TaskLoop("hand over", self._await_successor, expected=(OSError,)))

    async def __aenter__(self) -> None:
        """Say that the process is ready, and go on saying that it lives."""
        if self._bond is not None:
            os.set_blocking(0, False)
            asyncio.get_running_loop().add_reader(0, self._hear)
        self._manager.tell(b"READY=1\n")
        for loop in self._loops:
            loop.start()

    async def __aexit__(self, *_exception: object) -> None:
        """Say that it ends."""
        self._manager.tell(b"STOPPING=1\n")
        if self._bond is not None:
            asyncio.get_running_loop().remove_reader(0)
        for loop in self._loops:
            await loop.cancel()

    async def _beat(self) -> float:
        self._manager.tell(ALIVE)
        if self._bond is not None and not self._orphaned.is_set():
            problem = next((one.problem for one in self._bond.troubles if one.problem), "")
            with suppress(OSError):
                os.write(0, _line(PROBLEM, problem) + ALIVE)
        return self._manager.beat_s

    def _hear(self) -> None:
        try:
            reported = os.read(0, _MOST_BYTES)
        except BlockingIOError:
            return
        except OSError:
            reported = b""
        if STOP in reported or (not reported and not (self._bond and self._bond.name)):
            self._stop.set()
        if not reported:
            asyncio.get_running_loop().remove_reader(0)
            if not self._stop.is_set():
                log.warning("what started this process has ended: it goes on until the next `postlude up`")
            self._orphaned.set()

    async def _await_successor(self) -> float:
        """Hand the sockets to who comes for them once this process is an orphan."""
        assert self._bond is not None
        loop, bond = asyncio.get_running_loop(), self._bond
        with local_sockets.offer(bond.folder, bond.name) as sock:
            while True:
                caller, _ = await loop.sock_accept(sock)
                with caller:
                    if local_sockets.trusted(caller):
                        await self._hand_over(caller)

    async def _hand_over(self, caller: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError, TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._orphaned.wait()  # who has a living starter is not taken away from it
                assert self._bond is not None
                socket.send_fds(
                    caller,
                    [" ".join(self._bond.sockets).encode("ascii") + b"\n"],
                    [sock.fileno() for sock in self._bond.sockets.values()],
                )
                if STOP in await loop.sock_recv(caller, _MOST_BYTES):
                    # The caller sees this process end: the descriptor stays open until then.
                    caller.dup().detach()
                    self._stop.set()


@contextmanager
def telling_why(*, child: bool) -> Iterator[None]:
    """What a child cannot start for is told to who started it, which has a page to show it on."""
    try:
        yield
    except PostludeError as error:
        _tell_why(str(error), child=child)
        raise
    except OSError as error:
        if not about_a_file(error):
            raise
        _tell_why(file_trouble(error), child=child)
        raise


def _tell_why(words: str, *, child: bool) -> None:
    if child:
        with suppress(OSError):
            os.write(0, _line(FAILED, words))


def _line(key: bytes, words: str) -> bytes:
    return key + words.replace("\n", " ").encode("utf-8", "replace")[:_LINE_BYTES] + b"\n"
