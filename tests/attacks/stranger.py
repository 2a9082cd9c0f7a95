"""One machine of a stranger: `python -m attacks.stranger KIND PORT CONNECTIONS`.

`go` on standard input begins, `rest` ends and prints how many bytes were taken and how many seconds of processor time
this took here. A third of the connections idles, a third sends half a request a byte at a time, a third sends what is
never asked for as fast as it is taken, at most 10 MB a second in all. Who is cut off connects again.

It stands for machines elsewhere, so it has only the time of the last processor that nobody else wants (SCHED_IDLE):
what its packets cost the kernel stays on that processor as well.
"""

import asyncio
import contextlib
import os
import sys
import time
from typing import Final

_RATE: Final = 10 << 20
_PIECE: Final = bytes(65_536)
STRANGERS: Final = tuple(f"127.0.0.{number}" for number in range(2, 34))
"""Addresses attackers come from; everybody else comes from 127.0.0.1."""
_BEGINNING: Final = {
    "http": b"POST /compose HTTP/1.1\r\nHost: x\r\nContent-Length: 10000000000\r\n\r\n",
    "tls": b"\x16\x03\x01\xff\xff",
    "smtp": b"EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<a@b.example>\r\nDATA\r\n",
}


class Stranger:
    def __init__(self, kind: str, port: int) -> None:
        self._kind = kind
        self._port = port
        self.sent = 0
        self._allowed = 0.0

    async def keep(self, number: int) -> None:
        """One connection after another."""
        source = (STRANGERS[number % len(STRANGERS)], 0)
        while True:
            with contextlib.suppress(OSError, asyncio.IncompleteReadError):
                reader, writer = await asyncio.open_connection("127.0.0.1", self._port, local_addr=source)
                try:
                    await (self._idle, self._drip, self._pour)[number % 3](reader, writer)
                finally:
                    writer.close()
            await asyncio.sleep(1)

    async def _idle(self, reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(OSError):
            while await reader.read(4096):
                pass

    async def _drip(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.ensure_future(self._idle(reader, writer))
        while not ended.done():
            writer.write(b"G")
            self.sent += 1
            await writer.drain()
            await asyncio.sleep(1)

    async def _pour(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        ended = asyncio.ensure_future(self._idle(reader, writer))
        writer.write(_BEGINNING[self._kind])
        while not ended.done():
            if self._allowed < len(_PIECE):
                await asyncio.sleep(0.05)
                continue
            self._allowed -= len(_PIECE)
            writer.write(_PIECE)
            await writer.drain()
            self.sent += len(_PIECE)

    async def allow(self) -> None:
        """Bytes for everybody, at the rate."""
        while True:
            self._allowed = min(self._allowed + _RATE / 20, _RATE)
            await asyncio.sleep(0.05)


async def attack(kind: str, port: int, connections: int) -> int:
    """Until a line comes in; bytes that were taken."""
    stranger = Stranger(kind, port)
    tasks = [asyncio.ensure_future(stranger.keep(number)) for number in range(connections)]
    tasks.append(asyncio.ensure_future(stranger.allow()))
    await asyncio.to_thread(sys.stdin.readline)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    return stranger.sent


def main() -> None:
    if hasattr(os, "SCHED_IDLE"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
        os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
    while sys.stdin.readline().strip() == "go":
        began = time.process_time()
        sent = asyncio.run(attack(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
        sys.stdout.write(f"{sent} {time.process_time() - began:.3f}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
