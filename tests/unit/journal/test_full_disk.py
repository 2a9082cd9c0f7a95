"""A full disk: what was put by is used, then losses are counted; they outlive the process."""

import errno
import os
import time
from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter, Losses, Position, RefusingJournal, losses, lost
from postlude.journal.disk import Disk
from postlude.model.errors import StorageError

_SPARE = 64 << 10


class Full(Disk):
    """Once `full`, takes no new file and lets none grow; what was written before can be written over."""

    full = False

    def create(self, path: Path) -> int:
        if self.full:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().create(path)

    def store(self, fd: int, data: bytes, offset: int) -> None:
        if self.full and offset + len(data) > os.fstat(fd).st_size:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        super().store(fd, data, offset)


def _wait_for(path: Path) -> None:
    until = time.monotonic() + 10
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.005)


def test_hits_are_kept_in_the_spare_while_the_disk_is_full(tmp_path: Path) -> None:
    disk = Full()
    writer = JournalWriter(tmp_path, "edge", disk=disk, spare_bytes=_SPARE)
    writer.append_blocking(b"before")
    _wait_for(tmp_path / "edge" / "spare")
    disk.full = True
    hits = [b"hit %03d" % number * 20 for number in range(300)]
    for hit in hits:
        writer.append_blocking(hit)
    assert writer.stats.lost == 0
    assert "the disk is full" in writer.alarm
    writer.close()
    assert [record.data for record in JournalReader(tmp_path).read({}, 1000)] == [b"before", *hits]


def test_losses_begin_when_the_spare_is_used_up_and_end_with_the_full_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("postlude.journal.writer._RETRY_SECONDS", 0.0)
    disk = Full()
    writer = JournalWriter(tmp_path, "edge", disk=disk, spare_bytes=_SPARE)
    _wait_for(tmp_path / "edge" / "spare")
    disk.full = True
    taken = (_SPARE - 52) // 1020
    for _ in range(taken):
        writer.append_blocking(b"x" * 1000)
    with pytest.raises(StorageError, match="No space left"):
        writer.append_blocking(b"x" * 1000)
    disk.full = False
    writer.append_blocking(b"after")
    assert writer.alarm == ""
    assert len(JournalReader(tmp_path).read({}, 1000)) == taken + 1
    writer.close()


def test_the_spare_is_kept_from_start_to_start(tmp_path: Path) -> None:
    for _ in range(2):
        writer = JournalWriter(tmp_path, "edge", spare_bytes=_SPARE)
        _wait_for(tmp_path / "edge" / "spare")
        writer.close()
    assert (tmp_path / "edge" / "spare").stat().st_size == _SPARE
    assert JournalReader(tmp_path).read({}, 10) == []


def test_a_failed_start_of_a_segment_leaves_no_gap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("postlude.journal.writer._RETRY_SECONDS", 0.0)
    disk = Full()
    writer = JournalWriter(tmp_path, "edge", disk=disk, segment_bytes=2000)
    writer.append_blocking(b"x" * 1500)
    disk.full = True
    for _ in range(5):
        with pytest.raises(StorageError):
            writer.append_blocking(b"x" * 1500)
    disk.full = False
    assert writer.append_blocking(b"x" * 1500).segment == 2
    writer.close()


def test_a_journal_that_could_not_be_opened_is_not_locked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is tried again by the process that could not open it."""

    def refuse(*_arguments: object, **_named: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    JournalWriter(tmp_path, "edge").close()
    with monkeypatch.context() as patched:
        patched.setattr("postlude.journal.folder.WriterMark.__init__", refuse)
        with pytest.raises(StorageError):
            JournalWriter(tmp_path, "edge")
    JournalWriter(tmp_path, "edge").close()


def test_losses_outlive_the_process_that_could_not_open_its_journal(tmp_path: Path) -> None:
    JournalWriter(tmp_path, "edge").close()
    for _ in range(2):
        refusing = RefusingJournal(tmp_path, "edge", StorageError("read-only"))
        for _ in range(3):
            refusing.submit(b"hit", lambda _: None)
        refusing.close()
    assert losses(tmp_path)["edge"].lost == 6
    JournalWriter(tmp_path, "edge").close()
    assert losses(tmp_path)["edge"] == Losses(6, 0)


def test_losses_are_noted_elsewhere_when_the_folder_takes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(elsewhere))
    root = tmp_path / "journal"
    root.write_text("no folder can be made here")
    refusing = RefusingJournal(root, "edge", StorageError("read-only"))
    refusing.submit(b"hit", lambda _: None)
    refusing.close()
    root.unlink()
    JournalWriter(root, "edge").close()
    assert losses(root)["edge"] == Losses(1, 0)
    assert list(elsewhere.iterdir()) == []


def test_a_link_that_somebody_put_in_the_way_is_not_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder for temporary files is everybody's: what is noted there must overwrite no file of ours."""
    precious = tmp_path / "keys.json"
    precious.write_text("the keys")
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    nowhere = tmp_path / "nowhere" / "edge"
    assert lost.note(nowhere, 3)
    (noted,) = temporary.iterdir()
    noted.unlink()
    noted.symlink_to(precious)
    assert not lost.note(nowhere, 3)
    assert lost.noted(nowhere) == 0
    assert precious.read_text() == "the keys"


def test_a_small_journal_has_small_segments_so_that_what_is_digested_makes_room(tmp_path: Path) -> None:
    limit = 16 << 20
    writer = JournalWriter(tmp_path, "edge", max_bytes=limit)
    reader = JournalReader(tmp_path, max_bytes=limit)
    place: dict[int, Position] = {}
    for _ in range(48):
        writer.append_blocking(b"x" * (1 << 20))
        place[1] = reader.read(place, 10)[-1].next
        reader.trim(place)
    assert writer.stats.lost == 0
    writer.close()
    reader.close()
