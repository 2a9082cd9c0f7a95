"""A raw SMTP server on loopback that does what its script says, and counts what it accepted."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Self

DROP = "drop"  # close the connection instead of answering
SILENT = "silent"  # keep it open and say nothing
DEFAULTS = {
    "greeting": "220 difficult ESMTP",
    "ehlo": "250-difficult\n250-8BITMIME\n250-SIZE 50000000\n250 DSN",
    "data": "354 go",
    "end": "250 2.0.0 Ok: queued as ABC123DEF",
    "quit": "221 bye",
}

Say = Callable[[str], Awaitable[bool]]


class Difficult:
    """Answers each phase from `script` (greeting, ehlo, mail, rcpt, data, end ...); the default is success.

    `body=DROP` hangs up in the middle of the message; `end=DROP` accepts the message and hangs up.
    """

    def __init__(self, **script: str) -> None:
        self.script = script
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Listens on `port` until the block ends."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                await self._talk(reader, lambda phase: self._say(writer, phase))
        finally:
            writer.close()
            self._tasks.discard(task)

    async def _say(self, writer: asyncio.StreamWriter, phase: str) -> bool:
        text = self.script.get(phase) or DEFAULTS.get(phase, "250 2.0.0 ok")
        if text == SILENT:
            await asyncio.sleep(60)
        if text in {DROP, SILENT}:
            return False
        writer.write(text.replace("\n", "\r\n").encode() + b"\r\n")
        await writer.drain()
        return True

    async def _talk(self, reader: asyncio.StreamReader, say: Say) -> None:
        if not await say("greeting"):
            return
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().strip()
            self.commands.append(line)
            word = line.split(maxsplit=1)[0].lower()
            if not await say(word) or word == "quit":
                return
            if (
                word == "data"
                and self.script.get("data", "354").startswith("354")
                and not await self._take(reader, say)
            ):
                return

    async def _take(self, reader: asyncio.StreamReader, say: Say) -> bool:
        if self.script.get("body") == DROP:
            await reader.readexactly(10)
            return False
        if self.script.get("body"):  # refused before it has ended
            await reader.readexactly(10)
            await say("body")
            await reader.read()
            return False
        lines = [await reader.readuntil(b"\r\n")]
        while lines[-1] != b".\r\n":
            lines.append(await reader.readuntil(b"\r\n"))
        data = b"".join(lines)
        end = self.script.get("end", DROP)
        if end in {DROP, SILENT} or end.startswith("250"):
            self.accepted.append(data[:-3])
        return await say("end")
