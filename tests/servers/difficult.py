"""A raw SMTP server on loopback that does what its script says, and counts what it accepted."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

DROP = "drop"  # close the connection instead of answering
SILENT = "silent"  # keep it open and say nothing


class Difficult:
    """Answers each phase from `script` (greeting, ehlo, mail, rcpt, data, body, end); the default is success."""

    def __init__(self, **script: str) -> None:
        self.script = script
        self.accepted: list[bytes] = []
        self.commands: list[str] = []
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Difficult"]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=1 << 24)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in list(self._tasks):
                task.cancel()
            while self._tasks:  # noqa: ASYNC110 - the end of a test
                await asyncio.sleep(0.01)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        script = (
            self.script
            if self.connections == 0 or not self.after
            else self.after[min(self.connections, len(self.after)) - 1]
        )
        self.connections += 1
        try:
            await self._talk(script, reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _talk(  # noqa: C901 - SMTP has that many phases
        self, script: dict[str, str], reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        async def say(phase: str, default: str) -> bool:
            text = script.get(phase, default)
            if text == SILENT:
                await asyncio.sleep(60)
            if text in {DROP, SILENT}:
                writer.close()
                return False
            writer.write(text.replace("\n", "\r\n").encode() + b"\r\n")
            await writer.drain()
            return True

        if not await say("greeting", "220 difficult ESMTP"):
            return
        defaults = {
            "EHLO": "250-difficult\n250-8BITMIME\n250-SIZE 50000000\n250 DSN",
            "DATA": "354 go",
            "QUIT": "221 bye",
        }
        while True:
            line = (await reader.readuntil(b"\r\n")).decode().strip()
            self.commands.append(line)
            word = line.split(maxsplit=1)[0].upper()
            if not await say(word.lower(), defaults.get(word, "250 2.0.0 ok")) or word == "QUIT":
                return
            if word == "DATA" and script.get("data", "354").startswith("354"):
                if script.get("body") == DROP:
                    await reader.readexactly(10)
                    return
                data = await reader.readuntil(b"\r\n.\r\n")
                if script.get("end", "250").startswith("250") or script.get("end") == DROP:
                    self.accepted.append(data[:-3])
                if not await say("end", "250 2.0.0 Ok: queued as ABC123DEF"):
                    return
