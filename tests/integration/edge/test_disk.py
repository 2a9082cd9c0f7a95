"""The disk fails or fills up: recipients are served, the loss is counted and shown."""

import errno
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from postlude.edge import EdgeConfig
from postlude.edge.answer import GIF
from postlude.journal import JournalReader, JournalWriter
from postlude.journal.disk import Disk
from postlude.model.errors import StorageError

from .conftest import DESTINATION, Start


class Failing(Disk):
    broken = True

    def store(self, fd: int, data: bytes, offset: int) -> None:
        if self.broken:
            raise OSError(errno.EIO, "Input/output error")
        super().store(fd, data, offset)


async def test_recipients_are_served_and_the_loss_is_counted(start: Start, tmp_path: Path) -> None:
    disk = Failing()
    endpoint = await start(writer=JournalWriter(tmp_path / "journal", "edge", disk=disk))
    assert (await endpoint.get(endpoint.pixel)).body == GIF
    assert (await endpoint.get(endpoint.link)).headers["location"] == DESTINATION
    for body, how in ((b"List-Unsubscribe=One-Click", "provider"), (b"unsubscribe=1", "page")):
        answer = await endpoint.ask("POST", endpoint.unsubscribe, body=body)
        assert answer.status == 503, how
        assert answer.headers["retry-after"] == "300", how
    report = json.loads((await endpoint.get("/healthz")).body)
    assert report["status"] == "degraded"
    assert "Input/output error" in report["problems"][0]
    assert report["outcomes"]["lost"] == 4
    assert report["journal"]["lost"] == 4
    disk.broken = False
    endpoint.edge._writer._retry_at = 0
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
    folder = tmp_path / "small"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("mounting a tmpfs needs root")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


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
