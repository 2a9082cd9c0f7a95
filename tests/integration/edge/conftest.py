import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import NamedTuple

import pytest

from postlude.edge import Edge, EdgeConfig
from postlude.journal import JournalReader, JournalWriter
from postlude.model.observation import Hit, decode_observation
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
COPY = 0x1234_5678_9ABC
MESSAGE = 0x4242
DESTINATION = "https://shop.example/a?b=c&d=%2F#end"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


class RunningEdge:
    """A running edge, asked over real sockets."""

    def __init__(self, edge: Edge, journal: Path) -> None:
        self.edge = edge
        self.journal = journal
        urls = Urls(CODEC, "", Kind.MESSAGE, MESSAGE)
        self.token = urls.token(COPY)
        self.pixel = self.token.join(urls.pixel())
        self.link = self.token.join(urls.link(2, DESTINATION))
        self.act_token = urls.act_token(COPY)
        self.unsubscribe = self.act_token.join(urls.unsubscribe())
        campaign = Urls(CODEC, "", Kind.CAMPAIGN, MESSAGE)
        self.campaign_unsubscribe = campaign.act_token(COPY).join(campaign.unsubscribe())
        self.preferences = self.act_token.join(urls.preferences())
        self.view = self.act_token.join(urls.view())
        self.urls = urls

    def hits(self) -> list[Hit]:
        """What the journal holds."""
        reader = JournalReader(self.journal)
        records = reader.read({}, 1_000_000)
        reader.close()
        hits = [decode_observation(record.data) for record in records]
        assert all(isinstance(hit, Hit) for hit in hits)
        return [hit for hit in hits if isinstance(hit, Hit)]

    def counts(self) -> dict[str, int]:
        """Outcomes that happened."""
        return {name: count for name, count in self.edge.core.counts.table().items() if count}

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection."""
        return await asyncio.open_connection("127.0.0.1", self.edge.port)

    async def raw(self, data: bytes) -> bytes:
        """Everything that comes back for `data` until the connection ends."""
        reader, writer = await self.open()
        writer.write(data)
        async with asyncio.timeout(10):
            answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def ask(
        self, method: str, target: str, headers: dict[str, str] | None = None, body: bytes = b"", *, full: bool = False
    ) -> Answer:
        """One request on a connection of its own; `full` takes the full parser, else the short way if it can."""
        reader, writer = await self.open()
        extra = {"Host": "t.example"} | (headers or {})
        if body or full:
            extra["Content-Length"] = str(len(body))
        lines = "".join(f"{name}: {value}\r\n" for name, value in extra.items())
        writer.write(f"{method} {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1") + body)
        answer = await read_answer(reader, method)
        writer.close()
        await writer.wait_closed()
        return answer

    async def get(self, target: str, headers: dict[str, str] | None = None, *, full: bool = False) -> Answer:
        """GET."""
        return await self.ask("GET", target, headers, full=full)


async def read_answer(reader: asyncio.StreamReader, method: str = "GET") -> Answer:
    """One answer from a connection."""
    async with asyncio.timeout(60):
        head = (await reader.readuntil(b"\r\n\r\n")).decode("ascii")
    line, *rest = head[:-4].split("\r\n")
    headers = {name.lower(): value for name, _, value in (item.partition(": ") for item in rest)}
    length = 0 if method == "HEAD" else int(headers.get("content-length", 0))
    return Answer(int(line.split()[1]), headers, await reader.readexactly(length))


Start = Callable[..., Awaitable[RunningEdge]]


@pytest.fixture
async def start(tmp_path: Path) -> AsyncIterator[Start]:
    """Starts edges; closes them at the end."""
    async with AsyncExitStack() as stack:

        async def run(config: EdgeConfig | None = None, writer: JournalWriter | None = None) -> RunningEdge:
            journal = tmp_path / "journal"
            writer = writer or JournalWriter(journal, "edge")
            stack.callback(writer.close)
            edge = Edge((config or EdgeConfig())._replace(port=0), CODEC, writer)
            await edge.listen()
            stack.push_async_callback(edge.close)
            return RunningEdge(edge, journal)

        yield run


@pytest.fixture
async def endpoint(start: Start) -> RunningEdge:
    """An edge with the default settings."""
    return await start()
