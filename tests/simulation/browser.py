"""Who asks the edge: mail clients, browsers and attackers, over connections without sockets."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from postlude.edge.connection import Connection
from simulation.processes import EdgeProcess

_HEAD_END: Final = b"\r\n\r\n"
_NO_BODY: Final = 204


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes


class Pipe(asyncio.Transport):
    """The edge's end of a connection. What a dead edge writes reaches nobody."""

    def __init__(self, process: EdgeProcess, address: str, receive: Callable[[bytes], None]) -> None:
        super().__init__({"peername": (address, 40_000), "sockname": ("127.0.0.1", 8701)})
        self._faults = process.faults
        self._receive = receive
        self.closed = False

    def write(self, data: Any) -> None:
        if not self._faults.dead and not self.closed:
            self._receive(bytes(data))

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.closed = True

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """What is written is received at once."""

    def get_write_buffer_size(self) -> int:
        return 0

    def pause_reading(self) -> None:
        """The browser waits for its answers anyway."""

    def resume_reading(self) -> None:
        """As above."""


class Browser:
    """One connection from one address. Requests are answered in their order."""

    def __init__(self, process: EdgeProcess, address: str) -> None:
        self._process = process
        self._faults = process.faults
        self._waiting: list[tuple[str, Callable[[Answer], None]]] = []
        self._received = b""
        self._connection = process.loop.within(lambda: Connection(process.edge))
        self._pipe = Pipe(process, address, self._receive)
        self._connection.connection_made(self._pipe)

    def send(self, data: bytes, pieces: int, requests: list[tuple[str, Callable[[Answer], None]]]) -> None:
        """Whole requests in `data`, in so many pieces; for each its method and who is told of the answer."""
        self._waiting += requests
        size = max(1, -(-len(data) // pieces))
        for start in range(0, len(data), size):
            if not self._faults.dead and not self._pipe.closed:
                self._process.loop.within(lambda at=start: self._connection.data_received(data[at : at + size]))  # type: ignore[misc]

    def _receive(self, data: bytes) -> None:
        self._received += data
        while self._waiting and _HEAD_END in self._received:
            head, _, rest = self._received.partition(_HEAD_END)
            line, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value for name, _, value in (one.partition(": ") for one in lines)}
            method, told = self._waiting[0]
            status = int(line.split()[1])
            bodiless = method == "HEAD" or status == _NO_BODY
            length = 0 if bodiless else int(headers.get("content-length", 0))
            if len(rest) < length:
                return
            self._received = rest[length:]
            del self._waiting[0]
            told(Answer(status, headers, rest[:length]))
