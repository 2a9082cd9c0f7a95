"""Asks a real edge over HTTP, one request after another, each at its own simulated time."""

import asyncio
from collections.abc import Mapping
from types import TracebackType
from typing import Final, Self

from postlude.app.build.common import Parts
from postlude.app.demo.clock import DemoClock
from postlude.app.processes.edge import edge_config
from postlude.edge import Edge, VisitorLimits
from postlude.journal import JournalWriter

_LOOPBACK: Final = "127.0.0.1"
_NO_LIMIT: Final = VisitorLimits(hits_per_minute=1 << 60, idle_seconds=86_400)  # the digest works in between


class EdgeClient:
    """An async context: an edge of this instance on a free port, and one connection to it as a trusted proxy has."""

    def __init__(self, parts: Parts, clock: DemoClock) -> None:
        self._parts: Final = parts
        self._clock: Final = clock

    async def __aenter__(self) -> Self:
        """Start the edge and connect."""
        config = edge_config(self._parts)._replace(
            host=_LOOPBACK, port=0, unix_path=None, tls_cert=None, tls_key=None, proxies=(_LOOPBACK,), limits=_NO_LIMIT
        )
        self._journal = JournalWriter(self._parts.folder.journal, "edge")
        self._edge = Edge(config, self._parts.codec, self._journal, self._clock)
        await self._edge.listen()
        self._reader, self._writer = await asyncio.open_connection(_LOOPBACK, self._edge.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop."""
        self._writer.close()
        await self._edge.close()
        await asyncio.to_thread(self._journal.close)

    async def ask(self, method: str, url: str, user_agent: str, address: str, headers: Mapping[str, str]) -> int:
        """One request from `address`; the status of its answer, which comes when the hit is durable."""
        target = "/" + url.partition("://")[2].partition("/")[2]
        lines = [f"{method} {target} HTTP/1.1", "Host: edge", f"X-Forwarded-For: {address}", "X-Forwarded-Proto: https"]
        lines += [f"User-Agent: {user_agent}", *(f"{name}: {value}" for name, value in headers.items())]
        self._writer.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
        head = (await self._reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        length = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("content-length:")), 0)
        if length and method != "HEAD":
            await self._reader.readexactly(length)
        return int(head.split(" ", 2)[1])
