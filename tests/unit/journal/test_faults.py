"""A disk that fails: what was answered stays, what was not is not there, and it goes on when the disk does."""

import errno
from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter, Losses, losses
from postlude.journal.disk import Disk
from postlude.model.errors import StorageError


class Faulty(Disk):
    """Fails where it is told to, like a device: part of the bytes may be there."""

    def __init__(self) -> None:
        self.fault: OSError | None = None
        self.at = ""

    def _maybe(self, where: str) -> None:
        if self.fault is not None and where == self.at:
            raise self.fault

    def create(self, path: Path) -> int:
        self._maybe("create")
        return super().create(path)

    def store(self, fd: int, data: bytes, offset: int) -> None:
        if self.fault is not None and self.at == "store":
            self.write(fd, data[: len(data) // 2], offset)
        self._maybe("store")
        super().store(fd, data, offset)
        if self.fault is not None and self.at == "after":
            raise self.fault

    def sync_folder(self, path: Path) -> None:
        self._maybe("folder")
        super().sync_folder(path)


@pytest.mark.parametrize("at", ["create", "store", "after", "folder"])
@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EIO, errno.EROFS])
def test_a_failing_disk(tmp_path: Path, at: str, number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.journal.writer._RETRY_SECONDS", 0.0)
    disk = Faulty()
    writer = JournalWriter(tmp_path, "edge", disk=disk, segment_bytes=150)
    writer.append_blocking(b"a" * 40)
    disk.at, disk.fault = at, OSError(number, "the disk says no")
    for _ in range(3):
        with pytest.raises(StorageError, match="the disk says no"):
            writer.append_blocking(b"b" * 60)
    assert "the disk says no" in writer.stats.problem
    assert writer.stats.lost == 3
    disk.fault = None
    last = writer.append_blocking(b"c" * 60)
    assert writer.stats.problem == ""
    records = JournalReader(tmp_path).read({}, 10)
    assert [r.data[:1] for r in records] == [b"a", b"c"]
    assert records[-1].position == last
    writer.close()


def test_a_broken_disk_is_not_asked_for_every_record(tmp_path: Path) -> None:
    disk = Faulty()
    writer = JournalWriter(tmp_path, "edge", disk=disk)
    asked = 0

    def count(path: Path) -> int:
        nonlocal asked
        asked += 1
        raise OSError(errno.ENOSPC, "full", str(path))

    disk.create = count  # type: ignore[method-assign]
    for _ in range(50):
        with pytest.raises(StorageError):
            writer.append_blocking(b"x")
    assert asked <= 3
    writer.close()


def test_a_fault_of_ours_is_a_loss_and_nobody_waits_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.journal.writer._RETRY_SECONDS", 0.0)
    writer = JournalWriter(tmp_path, "edge")
    with monkeypatch.context() as broken:
        broken.setattr("postlude.journal.frame.build_frame", lambda *_: 1 / 0)
        with pytest.raises(StorageError, match="ZeroDivisionError"):
            writer.append_blocking(b"a")
    writer.append_blocking(b"b")
    assert [record.data for record in JournalReader(tmp_path).read({}, 9)] == [b"b"]
    assert losses(tmp_path)["edge"] == Losses(lost=1, since=0)
    writer.close()
