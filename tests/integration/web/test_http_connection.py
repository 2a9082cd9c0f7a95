"""What a client may hold of the web server that says little, slowly, too much, or nothing."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.types import Receive, Scope, Send

from postlude.adapters import http_connection
from postlude.app.processes.http_server import WebServer
from servers.waiting import until

ASK = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    """Reads the body unless it is asked for `/unread`; answers with 50 MB for `/much`."""
    size, more = 0, scope["path"] != "/unread"
    while more:
        message = await receive()
        if message["type"] != "http.request":
            return
        size, more = size + len(message["body"]), message["more_body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    for _ in range(50 if scope["path"] == "/much" else 0):
        await send({"type": "http.response.body", "body": bytes(1 << 20), "more_body": True})
    await send({"type": "http.response.body", "body": b"%d" % size})


@asynccontextmanager
async def serving(**caps: int) -> AsyncIterator[tuple[int, WebServer]]:
    sock = socket.create_server(("127.0.0.1", 0))
    server = WebServer(application, [sock])
    if caps:
        server.connections.caps.__init__(**{"total": 1000, "per_address": 1000, **caps})  # type: ignore[misc]
    await server.start()
    try:
        yield sock.getsockname()[1], server
    finally:
        await server.stop()


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, data: bytes) -> None:
        self._writer.write(data)
        await self._writer.drain()

    async def answer(self) -> str:
        """The first line of the answer; empty when the connection ended."""
        try:
            return (await self._reader.readline()).decode().rstrip()
        except ConnectionResetError:
            return ""

    async def ended(self) -> bool:
        try:
            while await self._reader.read(1 << 20):
                pass
        except ConnectionResetError:
            pass
        return True

    async def close(self) -> None:
        self._writer.close()


@asynccontextmanager
async def connected(port: int, count: int = 1, source: str = "127.0.0.2") -> AsyncIterator[list[Client]]:
    made = []
    for _ in range(count):
        made.append(Client(*await asyncio.open_connection("127.0.0.1", port, local_addr=(source, 0))))
        await asyncio.sleep(0)
    try:
        yield made
    finally:
        for client in made:
            await client.close()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Deadlines that a test can wait for."""
    monkeypatch.setattr(http_connection, "HEAD_SECONDS", 0.2)
    monkeypatch.setattr(http_connection, "BODY_SECONDS", 0.4)
    monkeypatch.setattr(http_connection, "ANSWER_SECONDS", 0.4)
    monkeypatch.setattr(http_connection, "_LOOK_SECONDS", 0.05)


async def test_a_request_is_answered() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(ASK)
        assert await client.answer() == "HTTP/1.1 200 OK"


async def test_two_requests_on_one_connection_are_answered() -> None:
    async with serving() as (port, server), connected(port) as (client,):
        for _ in range(2):
            await client.send(POST + bytes(1000))
            assert await client.answer() == "HTTP/1.1 200 OK"
            while await client.answer() != "1000":
                pass
            await client.answer()  # the last chunk
            await client.answer()
            server.connections.look(asyncio.get_running_loop().time() + 1)  # longer than a head may take


async def test_who_says_nothing_is_cut_off() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        assert await client.ended()


async def test_a_head_that_comes_slowly_is_refused() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(ASK[:20])
        assert await client.answer() == "HTTP/1.1 408 Request Timeout"


async def test_a_second_head_that_comes_slowly_is_refused() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(ASK + ASK[:20])
        assert await client.answer() == "HTTP/1.1 200 OK"
        assert await client.ended()


async def test_a_body_that_comes_slowly_is_refused() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(POST)
        for _ in range(4):
            await client.send(b"x")
            await asyncio.sleep(0.05)
        assert await client.answer() == "HTTP/1.1 408 Request Timeout"


async def test_a_body_that_comes_steadily_takes_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_RATE", 500)
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(POST)
        for _ in range(10):
            await client.send(b"x" * 100)
            await asyncio.sleep(0.08)
        assert await client.answer() == "HTTP/1.1 200 OK"


@pytest.mark.parametrize(
    "head", [b"GET /" + b"a" * 2_000_000, b"GET / HTTP/1.1\r\n" + b"A: b\r\n" * 300_000], ids=["one line", "fields"]
)
async def test_a_huge_head_is_refused(head: bytes) -> None:
    async with serving() as (port, _), connected(port) as (client,):
        sending = asyncio.create_task(client.send(head))
        assert (await client.answer()).startswith(("HTTP/1.1 431", "HTTP/1.1 400")) or await client.ended()
        await asyncio.gather(sending, return_exceptions=True)


async def test_a_large_body_nobody_reads_ends_the_connection() -> None:
    async with serving() as (port, _), connected(port) as (client,):
        await client.send(b"POST /unread HTTP/1.1\r\nHost: x\r\nContent-Length: 1000000000\r\n\r\n")
        assert await client.answer() == "HTTP/1.1 200 OK"
        sending = asyncio.create_task(client.send(bytes(50_000_000)))
        assert await client.ended()
        await asyncio.gather(sending, return_exceptions=True)


async def test_who_does_not_read_its_answer_is_cut_off() -> None:
    async with serving() as (port, server), connected(port) as (client,):
        await client.send(b"GET /much HTTP/1.1\r\nHost: x\r\n\r\n")
        await until("the end of the connection", lambda: not server.connections.caps.count)
        assert await client.ended()


async def test_an_address_has_its_share_of_connections() -> None:
    async with serving(per_address=3) as (port, _), connected(port, 4) as clients:
        assert await clients[3].answer() == "HTTP/1.1 503 Service Unavailable"
        await clients[0].send(ASK)
        assert await clients[0].answer() == "HTTP/1.1 200 OK"


async def test_where_all_places_are_taken_an_idle_connection_makes_room() -> None:
    async with serving(total=3) as (port, _), connected(port, 3) as held, connected(port, 1, "127.0.0.3") as (client,):
        await client.send(ASK)
        assert await client.answer() == "HTTP/1.1 200 OK"
        assert await held[0].ended()


async def test_half_a_body_does_not_make_room(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http_connection, "BODY_SECONDS", 5)
    async with serving(total=2) as (port, _), connected(port, 2) as held:
        for client in held:
            await client.send(POST)
        await asyncio.sleep(0.05)
        async with connected(port) as (late,):
            assert await late.answer() == "HTTP/1.1 503 Service Unavailable"
        await held[0].send(bytes(1000))
        assert await held[0].answer() == "HTTP/1.1 200 OK"


async def test_connections_that_ended_are_counted_no_longer() -> None:
    async with serving(per_address=2) as (port, server):
        for _ in range(20):
            async with connected(port) as (client,):
                await client.send(ASK)
                assert await client.answer() == "HTTP/1.1 200 OK"
            await asyncio.sleep(0.01)
        assert server.connections.caps.count == 0


def test_the_caps_lie_below_the_descriptors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.kit.descriptors.resource.getrlimit", lambda _what: (256, 256))
    assert http_connection.Connections().caps.total <= 100


def test_a_browser_behind_a_proxy_of_this_machine_shares_no_address() -> None:
    caps = http_connection.Connections().caps
    for _ in range(http_connection.PER_ADDRESS + 1):
        assert caps.enter("127.0.0.1") is None


async def test_who_asks_on_without_waiting_for_answers_is_cut_off() -> None:
    async with serving() as (port, server), connected(port, 2) as (greedy, other):
        await greedy.send(ASK * 20_000)
        assert await greedy.ended()
        assert not [one for one in server.connections._open if len(one.pipeline) > http_connection.PIPELINED]
        await other.send(ASK * 10)
        assert await other.answer() == "HTTP/1.1 200 OK"
