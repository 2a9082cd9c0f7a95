"""The disk fails or fills up: recipients are served, the loss is counted and shown."""

import asyncio
import errno
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from postlude.edge import EdgeConfig
from postlude.edge.answer import GIF
from postlude.journal import SPARE_BYTES, JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.errors import StorageError
from servers.disk import fill, mounted
from servers.waiting import wait_for

from .conftest import DESTINATION, RunningEdge, Start

LONGEST_HIT = 417
"""Bytes of Chrome's request for a picture in a webmail, as they are journaled."""


class Failing(Disk):
    broken = True

    def store(self, fd: int, data: bytes, offset: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        super().store(fd, data, offset)


class FailingEdge(NamedTuple):
    endpoint: RunningEdge
    disk: Failing
    writer: JournalWriter


@pytest.fixture
async def failing(start: Start, tmp_path: Path) -> FailingEdge:
    disk = Failing()
    writer = JournalWriter(tmp_path / "journal", "edge", disk=disk)
    return FailingEdge(await start(writer=writer), disk, writer)


async def test_recipients_are_served(failing: FailingEdge) -> None:
    endpoint = failing.endpoint
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert (await endpoint.get(endpoint.link)).headers["location"] == DESTINATION


@pytest.mark.parametrize("body", [b"List-Unsubscribe=One-Click", b"unsubscribe=1"], ids=["provider", "page"])
async def test_who_unsubscribes_is_asked_to_come_again(failing: FailingEdge, body: bytes) -> None:
    answer = await failing.endpoint.ask("POST", failing.endpoint.unsubscribe, body=body)
    assert answer.status == 503
    assert answer.headers["retry-after"] == "300"


async def test_the_loss_is_counted(failing: FailingEdge) -> None:
    endpoint = failing.endpoint
    for url in (endpoint.pixel, endpoint.link):
        await endpoint.get(url)
    await endpoint.ask("POST", endpoint.unsubscribe, body=b"unsubscribe=1")
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "degraded"
    assert "Input/output error" in report["problems"][0]
    assert report["outcomes"]["lost"] == 3
    assert report["journal"]["lost"] == 3


async def test_hits_count_again_once_the_disk_takes_them(failing: FailingEdge) -> None:
    endpoint = failing.endpoint
    await endpoint.get(endpoint.pixel)
    failing.disk.broken = False
    failing.writer._retry_at = 0
    await endpoint.get(endpoint.pixel)
    assert json.loads((await endpoint.get("/healthz")).body)["status"] == "ok"
    assert len(endpoint.hits()) == 1


async def test_any_edge_tells_of_the_losses_of_the_others(start: Start, tmp_path: Path) -> None:
    disk = Failing()
    other = JournalWriter(tmp_path / "journal", "edge-2", disk=disk)
    relay = JournalWriter(tmp_path / "journal", "relay", disk=Failing())
    for writer in (other, other, relay):
        with pytest.raises(StorageError):
            writer.append_blocking(b"x")
    endpoint = await start()
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "degraded"
    assert report["lost"] == 2
    assert report["journal"]["lost"] == 0
    assert report["problems"] == ["edge-2: hits are being lost"]
    assert report["edges"] == {"edge": {"lost": 0, "failing": False}, "edge-2": {"lost": 2, "failing": True}}
    disk.broken = False
    other._retry_at = 0
    other.append_blocking(b"x")
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "ok"
    assert report["lost"] == 2
    other.close()
    relay.close()


async def test_strangers_are_told_the_status_alone(start: Start) -> None:
    endpoint = await start(EdgeConfig(proxies=("127.0.0.1",)))
    assert set(json.loads((await endpoint.get("/healthz", {"X-Forwarded-For": "198.51.100.7"})).body)) == {"status"}
    assert "outcomes" in json.loads((await endpoint.get("/healthz")).body)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 1 MB."""
    with mounted(tmp_path / "small", "1m") as folder:
        yield folder


def test_a_full_disk_and_space_again(small_disk: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.journal.writer._RETRY_SECONDS", 0.0)
    writer = JournalWriter(small_disk / "journal", "edge", segment_bytes=64 << 10)
    filler = small_disk / "filler"
    filler.write_bytes(bytes(500 << 10))
    stored = []
    refusal = ""
    for i in range(2000):
        record = b"%06d" % i * 500
        try:
            stored.append((writer.append_blocking(record), record))
        except StorageError as error:
            refusal = str(error)
            break
    assert "No space left" in refusal
    filler.unlink()
    stored.append((writer.append_blocking(b"again"), b"again"))
    assert [(r.position, r.data) for r in JournalReader(small_disk / "journal").read({}, 9999)] == stored
    assert writer.stats.lost == 1
    writer.close()


class Hanging(Disk):
    """Takes nothing and refuses nothing while it is held, as a network file system whose server is gone."""

    def __init__(self) -> None:
        super().__init__()
        self.goes = threading.Event()
        self.goes.set()

    def store(self, fd: int, data: bytes, offset: int) -> None:
        self.goes.wait(60)
        super().store(fd, data, offset)


async def test_a_disk_that_hangs_keeps_no_recipient_waiting_for_long(start: Start, tmp_path: Path) -> None:
    disk = Hanging()
    endpoint = await start(writer=JournalWriter(tmp_path / "journal", "edge", disk=disk))
    await endpoint.get(endpoint.pixel)
    disk.goes.clear()
    try:
        async with asyncio.timeout(20):
            pixel, link = await asyncio.gather(endpoint.get(endpoint.pixel), endpoint.get(endpoint.link))
        assert pixel.body == GIF
        assert link.headers["location"] == DESTINATION
        report = json.loads((await endpoint.get("/healthz")).body)
        assert report["status"] == "degraded"
        assert "the disk has not answered edge for" in report["problems"][0]
    finally:
        disk.goes.set()
    await endpoint.get(endpoint.pixel)
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "ok"
    assert report["outcomes"]["stored"] == 2
    assert report["outcomes"]["lost"] == 2
    assert len(endpoint.hits()) == 4  # the disk took in the end what it had been given


def test_what_is_put_by_lasts_an_hour_of_ten_hits_a_second(tmp_path: Path) -> None:
    """On a disk that is really full, with the longest hits a browser makes."""
    with mounted(tmp_path / "small", "96m") as folder:
        writer = JournalWriter(folder, "edge", spare_bytes=SPARE_BYTES)
        spare = folder / "edge" / "spare"
        wait_for("the reserve", lambda: spare.exists() and spare.stat().st_size == SPARE_BYTES)
        fill(folder)
        for _ in range(3600 * 10):
            writer.append_blocking(bytes(LONGEST_HIT))  # each on its own, as ten a second come
        assert writer.stats.lost == 0
        assert "the disk is full" in writer.alarm
        writer.close()
