"""View in browser: a finished file, read off the loop."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.edge import EdgeConfig, off_loop
from postlude.edge.answer import GIF
from postlude.edge.view import LARGEST_VIEW
from postlude.kit.ids import id_text
from postlude.kit.regular_file import read_file
from postlude.model.words import HitEndpoint

from .conftest import MESSAGE, RunningEdge, Start, read_answer


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "views" / f"{id_text(MESSAGE)}.html"
    path.parent.mkdir()
    path.write_bytes(b"<p>Hello</p>")
    return path


def remove(page: Path) -> None:
    page.unlink()


def replace(page: Path) -> None:
    page.write_bytes(b"<p>Changed</p>")


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Reading a file waits until this is set: pipes, which wait by themselves, are not read."""
    answers = threading.Event()

    def late(path: Path) -> bytes:
        assert answers.wait(30)
        return read_file(path)

    monkeypatch.setattr(off_loop, "read_file", late)
    yield answers
    answers.set()


@pytest.fixture
async def shown(start: Start, page: Path) -> RunningEdge:
    return await start(EdgeConfig(views=page.parent))


async def test_it_shows_the_page_that_was_made(shown: RunningEdge) -> None:
    answer = await shown.get(shown.view)
    assert answer.status == 200
    assert answer.body == b"<p>Hello</p>"
    assert answer.headers["content-security-policy"].startswith("sandbox")
    assert [hit.endpoint for hit in shown.hits()] == [HitEndpoint.VIEW]


async def test_a_page_that_was_removed_is_gone_at_once(shown: RunningEdge, page: Path) -> None:
    await shown.get(shown.view)
    remove(page)
    assert (await shown.get(shown.view)).status == 410


async def test_a_page_that_was_replaced_is_shown_anew(shown: RunningEdge, page: Path) -> None:
    await shown.get(shown.view)
    replace(page)
    assert (await shown.get(shown.view)).body == b"<p>Changed</p>"


async def test_a_page_beyond_the_limit_is_not_read(shown: RunningEdge, page: Path) -> None:
    os.truncate(page, LARGEST_VIEW + 1)
    assert (await shown.get(shown.view)).status == 410


async def test_requests_on_one_connection_keep_their_order(shown: RunningEdge) -> None:
    reader, writer = await shown.open()
    requests = [shown.view, shown.pixel, shown.view, "/robots.txt"]
    writer.write("".join(f"GET {target} HTTP/1.1\r\nHost: t\r\n\r\n" for target in requests).encode())
    answers = [await read_answer(reader) for _ in requests]
    writer.close()
    await writer.wait_closed()
    assert [answer.body[:9] for answer in answers] == [b"<p>Hello<", GIF[:9], b"<p>Hello<", b"User-agen"]


async def test_a_disk_that_hangs_holds_up_nobody_else(shown: RunningEdge, disk: threading.Event) -> None:
    waiting = asyncio.create_task(shown.get(shown.view))
    async with asyncio.timeout(5):
        assert (await shown.get(shown.pixel)).body == GIF
    assert not waiting.done()
    disk.set()
    assert (await waiting).status == 200


async def test_who_hangs_up_before_the_page_was_read_harms_nobody(shown: RunningEdge, disk: threading.Event) -> None:
    _, writer = await shown.open()
    writer.write(f"GET {shown.view} HTTP/1.1\r\nHost: t\r\n\r\n".encode())
    await writer.drain()
    writer.transport.abort()
    await asyncio.sleep(0.1)
    disk.set()
    assert (await shown.get(shown.pixel)).body == GIF
