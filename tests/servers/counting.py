"""A mail server that only counts: fast enough for a hundred thousand copies, and it keeps none of them."""

import asyncio
import re
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from servers.waiting import LOOPBACK

_RCPT = re.compile(rb"RCPT TO:<([^>]*)>", re.IGNORECASE)
_HELLO = b"250-counting\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"


class Counting:
    """Counts a copy when its last byte has come, `delay` seconds before it answers."""

    def __init__(self, *, delay: float = 0.0) -> None:
        self.counts: Counter[str] = Counter()
        self.delay = delay
        self.port = 0
        self.open: set[asyncio.Transport] = set()
        self._up = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), name="counting")

    def __enter__(self) -> Self:
        self._thread.start()
        assert self._up.wait(10)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)

    async def _serve(self) -> None:
        self._loop, self._end = asyncio.get_running_loop(), asyncio.Event()
        server = await self._loop.create_server(lambda: _Talk(self), LOOPBACK, 0, backlog=256)
        self.port = server.sockets[0].getsockname()[1]
        self._up.set()
        await self._end.wait()
        server.close()
        for transport in list(self.open):
            transport.abort()
        await asyncio.sleep(0)


class _Talk(asyncio.Protocol):
    def __init__(self, server: Counting) -> None:
        self.server = server
        self.buffer = bytearray()
        self.looked = 0
        """Bytes in which the end was not found: 25 MB are not searched again for every piece of them."""
        self.recipients: list[str] = []
        self.in_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.server.open.add(transport)
        transport.write(b"220 counting ESMTP\r\n")

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self.server.open.discard(self.transport)

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while self._step():
            pass

    def _step(self) -> bool:
        end = b"\r\n.\r\n" if self.in_data else b"\r\n"
        at = self.buffer.find(end, max(0, self.looked - len(end)))
        if at < 0:
            self.looked = len(self.buffer)
            return False
        head = b"" if self.in_data else bytes(self.buffer[:at])
        del self.buffer[: at + len(end)]
        self.looked = 0
        if self.in_data:
            self.in_data = False
            self.server.counts.update(self.recipients)
            self.recipients = []
            asyncio.get_running_loop().call_later(self.server.delay, self._say, b"250 2.0.0 counted\r\n")
        else:
            self._command(head)
        return True

    def _command(self, line: bytes) -> None:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._say(_HELLO)
        elif verb == b"DATA":
            self.in_data = True
            self._say(b"354 go on\r\n")
        elif verb == b"QUIT":
            self._say(b"221 bye\r\n")
            self.transport.close()
        else:
            if found := _RCPT.match(line):
                self.recipients.append(found[1].decode())
            self._say(b"250 2.0.0 yes\r\n")

    def _say(self, text: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(text)
