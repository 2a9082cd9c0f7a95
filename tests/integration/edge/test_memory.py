"""What clients may have an edge keep: requests that wait, bodies that are not whole, answers that nobody reads."""

import asyncio
import contextlib
import gc
import tracemalloc
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple

import pytest

from postlude.edge.config import EdgeConfig, VisitorLimits
from servers.waiting import until

from .conftest import CODEC, RunningEdge, Start, read_answer

FILE = "00c0ffee00c0ffee"
SIZE = 24 << 20


def asked(target: str) -> bytes:
    return f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n".encode()


async def test_many_requests_at_once_are_answered_in_order_also_behind_the_end(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    targets = [endpoint.pixel, "/i/bad", endpoint.link, "/robots.txt", "/nothing"] * 50
    writer.write(b"".join(map(asked, targets)))
    writer.write_eof()
    statuses = [(await read_answer(reader)).status for _ in targets]
    assert statuses == [200, 200, 302, 200, 404] * 50
    assert await reader.read() == b""
    writer.close()
    assert len(endpoint.hits()) == 100
    assert endpoint.edge.held.take(endpoint.edge.core.config.limits.unanswered_bytes)  # all of it is given back


async def test_the_last_request_of_many_ends_the_connection(endpoint: RunningEdge) -> None:
    last = asked("/nothing")[:-2] + b"Connection: close\r\n\r\n"
    answer = await endpoint.raw(asked(endpoint.pixel) * 100 + last + asked(endpoint.pixel) * 100)
    assert answer.count(b"HTTP/1.1 200") == 100
    assert answer.count(b"HTTP/1.1 404") == 1
    assert len(endpoint.hits()) == 100


async def test_who_asks_on_without_reading_has_little_kept_for_him(start: Start) -> None:
    endpoint = await start(EdgeConfig(port=0, limits=VisitorLimits(unanswered_bytes=1_000_000)))
    made = [await endpoint.open() for _ in range(4)]
    for _, writer in made:
        writer.write(asked("/x") * 60_000)
    await until("a refusal", lambda: endpoint.counts().get("too_many", 0) > 0)
    waiting = list(endpoint.edge.connections)
    assert all(len(connection._queue or ()) < 100 for connection in waiting)
    assert sum(len(connection._unread) for connection in waiting) <= 1_000_000
    assert (await endpoint.get(endpoint.pixel)).status == 200
    for _, writer in made:
        writer.transport.abort()
    await until("their end", lambda: not endpoint.edge.connections)
    assert endpoint.edge.held.take(1_000_000)


async def test_who_sends_hundreds_in_one_go_is_cut_off(endpoint: RunningEdge) -> None:
    reader, writer = await endpoint.open()
    writer.write(asked("/x") * 5_000)
    answered = b""
    with contextlib.suppress(ConnectionResetError):
        answered = await reader.read()
    assert answered.count(b"HTTP/1.1 404") < 400
    assert endpoint.counts()["too_many"]
    writer.close()


async def test_who_shows_no_token_may_send_little(endpoint: RunningEdge) -> None:
    for target in (
        "/u/x",
        "/s/x",
        "/c/x",
        "/h/ses/x",
        "/nothing",
        f"/u/{endpoint.token}",
        "/i/x",
        f"/l/{endpoint.token}/x",
    ):
        answer = await endpoint.raw(f"POST {target} HTTP/1.1\r\nContent-Length: 9000\r\n\r\n".encode() + b"a" * 9000)
        assert b" 413 " in answer or b" 200 OK" in answer.partition(b"\r\n")[0], target
        assert endpoint.counts().get("too_large"), target
    hook = f"/h/sendgrid/{CODEC.mint_hook('sendgrid')}"
    assert (await endpoint.ask("POST", hook, body=b"a" * 900_000)).status == 200
    assert (await endpoint.ask("POST", endpoint.preferences, body=b"a=" + b"b" * 60_000)).status != 413


class Unfinished(NamedTuple):
    """An edge that holds most of a body: there is room for 36,000 more bytes."""

    endpoint: RunningEdge
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@pytest.fixture
async def unfinished(start: Start) -> AsyncIterator[Unfinished]:
    endpoint = await start(EdgeConfig(port=0, limits=VisitorLimits(unanswered_bytes=100_000)))
    reader, writer = await endpoint.open()
    writer.write(f"POST {endpoint.preferences} HTTP/1.1\r\nContent-Length: 65000\r\n\r\n".encode() + b"a" * 64_000)
    await until("most of the body", lambda: endpoint.edge.held._now > 50_000)
    yield Unfinished(endpoint, reader, writer)
    writer.transport.abort()


async def _chosen(endpoint: RunningEdge) -> int:
    """The status of what answers a long form."""
    return (await endpoint.ask("POST", endpoint.preferences, body=b"a=" + b"b" * 60_000)).status


async def test_bodies_together_have_a_limit(unfinished: Unfinished) -> None:
    assert await _chosen(unfinished.endpoint) == 503


async def test_a_short_body_has_room_beside_long_ones(unfinished: Unfinished) -> None:
    endpoint = unfinished.endpoint
    one_click = await endpoint.ask("POST", endpoint.unsubscribe, body=b"List-Unsubscribe=One-Click")
    assert one_click.status == 200


async def test_a_body_that_is_whole_makes_room(unfinished: Unfinished) -> None:
    unfinished.writer.write(b"a" * 1_000)
    assert (await read_answer(unfinished.reader)).status != 503
    assert await _chosen(unfinished.endpoint) != 503


async def test_a_body_that_never_ends_makes_room_with_its_connection(unfinished: Unfinished) -> None:
    unfinished.writer.transport.abort()
    await until("its end", lambda: not unfinished.endpoint.edge.connections)
    assert await _chosen(unfinished.endpoint) != 503


@pytest.fixture
async def served(start: Start, tmp_path: Path) -> RunningEdge:
    folder = tmp_path / "files"
    folder.mkdir()
    (folder / FILE).write_bytes(bytes(SIZE))
    return await start(EdgeConfig(port=0, files=folder, limits=VisitorLimits(sent_bytes=30 << 20, request_seconds=2)))


async def begun(endpoint: RunningEdge, name: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter, bytes]:
    """A download that is not read further than its first line."""
    reader, writer = await endpoint.open()
    writer.write(asked(f"/f/{FILE}/{name}"))
    return reader, writer, await reader.readline()


async def test_large_answers_nobody_reads_have_a_limit_and_one_file_counts_once(served: RunningEdge) -> None:
    downloads = [await begun(served, name) for name in ("a.pdf", "a.pdf", "b.pdf")]
    assert [line.split()[1] for _, _, line in downloads] == [b"200", b"200", b"503"]
    for _, writer, _ in downloads:
        writer.transport.abort()


async def test_what_is_no_longer_sent_makes_room(served: RunningEdge) -> None:
    _, first, _ = await begun(served, "a.pdf")
    first.transport.abort()
    await until("its end", lambda: not served.edge.connections)
    _, again, line = await begun(served, "b.pdf")
    assert b" 200 " in line
    again.transport.abort()


async def test_who_reads_slowly_gets_all_of_it_and_who_reads_nothing_is_cut_off(served: RunningEdge) -> None:
    reader, writer, _ = await begun(served, "a.pdf")
    _, silent, _ = await begun(served, "a.pdf")
    got = 0
    for _ in range(40):
        got += len(await reader.read(1 << 20))
        await asyncio.sleep(0.1)
    assert len(served.edge.connections) == 1
    while data := await reader.read(1 << 20):
        got += len(data)
        if got >= SIZE:
            break
    assert got >= SIZE
    for one in (writer, silent):
        one.close()


async def test_what_is_refused_for_lack_of_room_is_not_kept_with_its_connection(served: RunningEdge) -> None:
    _, first, _ = await begun(served, "a.pdf")
    tracemalloc.start()
    held = []
    for number in range(8):
        _, writer, line = await begun(served, f"{number}.pdf")
        assert b" 503 " in line
        held.append(writer)
    gc.collect()
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 4 * SIZE  # two files lie ready to be sent
    for writer in (first, *held):
        writer.transport.abort()
