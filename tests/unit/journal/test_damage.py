"""Damage costs itself and no more, and is told with its size."""

import os
import random
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from postlude.journal import JournalReader, JournalWriter, Known
from postlude.journal import writer as writer_module
from postlude.journal.examine import examine_journals
from postlude.journal.frame import build_frame
from postlude.journal.segment_header import SIZE
from postlude.model.errors import StorageError
from support.no_files import NO_FILES

_RECORDS = [b"record %02d " % number * 8 for number in range(40)]
_FRAME = len(build_frame(_RECORDS[:1]))


def _journal(root: Path, segments: int) -> list[Path]:
    """Forty records, a frame each, over some segments."""
    each = len(_RECORDS) // segments
    for start in range(0, len(_RECORDS), each):
        writer = JournalWriter(root, "edge")
        for record in _RECORDS[start : start + each]:
            writer.append_blocking(record)
        writer.close()
    return sorted((root / "edge").glob("*.journal"))


def _read(root: Path) -> tuple[list[bytes], list[str]]:
    reader = JournalReader(root)
    records = [record.data for record in reader.read({}, 1000)]
    kinds = [finding.kind for finding in reader.pop_findings()]
    reader.close()
    return records, kinds


def _flip(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 0x10
    path.write_bytes(data)


@given(segment=st.integers(0, 3), at=st.integers(0, SIZE + 10 * _FRAME - 1))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_flipped_byte_anywhere_costs_at_most_the_frame_it_is_in(
    tmp_path_factory: pytest.TempPathFactory, segment: int, at: int
) -> None:
    root = tmp_path_factory.mktemp("flip")
    _flip(_journal(root, 4)[segment], at)
    writer = JournalWriter(root, "edge")  # a start must not make it worse
    writer.append_blocking(b"new")
    writer.close()
    records, kinds = _read(root)
    in_head = at < SIZE
    missing = set(_RECORDS) - set(records)
    assert len(missing) == (0 if in_head else 1)
    assert records == [record for record in [*_RECORDS, b"new"] if record not in missing]
    assert kinds == ([] if in_head else ["damaged"])


@pytest.mark.parametrize("segment", [0, 1, 3])
def test_a_segment_that_is_missing_is_told(tmp_path: Path, segment: int) -> None:
    _journal(tmp_path, 5)[segment].unlink()
    reader = JournalReader(tmp_path)
    first = reader.read({}, 1)
    reader.pop_findings()
    records = [record.data for record in reader.read({1: first[0].next}, 1000)]
    told = [finding.text for finding in reader.pop_findings()]
    assert len(records) == 31
    assert any(f"segment {segment + 1} of the journal of edge cannot be found" in text for text in told) == bool(
        segment
    )
    reader.close()


def test_a_tail_that_was_answered_and_is_damaged_is_kept_and_told(tmp_path: Path) -> None:
    [path] = _journal(tmp_path, 1)
    data = bytearray(path.read_bytes())
    tail = bytes(data[-2 * _FRAME :])
    data[-2 * _FRAME] ^= 1
    data[-_FRAME] ^= 1
    path.write_bytes(data)
    records, kinds = _read(tmp_path)
    assert records == _RECORDS[:-2]
    assert kinds == ["damaged"]
    [kept] = path.parent.glob("*.damaged-*")
    assert kept.read_bytes()[1:_FRAME] == tail[1:_FRAME]
    assert len(kept.read_bytes()) == len(tail)


def test_a_tail_cut_off_below_what_was_answered_is_told(tmp_path: Path) -> None:
    [path] = _journal(tmp_path, 1)
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - _FRAME // 2)
    records, kinds = _read(tmp_path)
    assert records == _RECORDS[:-1]
    assert kinds == ["damaged"]


def test_what_was_never_answered_is_no_damage(tmp_path: Path) -> None:
    [path] = _journal(tmp_path, 1)
    with path.open("ab") as file:
        file.write(build_frame([b"torn"])[:-3])
    records, kinds = _read(tmp_path)
    assert records == _RECORDS
    assert kinds == []


@pytest.mark.parametrize("garbage", [b"", b"\0" * 4096, b"\xff" * 4096, random.Random(1).randbytes(4096)])
def test_a_mark_of_garbage_loses_nothing(tmp_path: Path, garbage: bytes) -> None:
    _journal(tmp_path, 2)
    (tmp_path / "edge" / "mark").write_bytes(garbage)
    assert _read(tmp_path)[0] == _RECORDS


def test_what_a_visitor_sends_is_never_taken_for_a_frame(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    forged = build_frame([b"a forged observation"])
    writer.append_blocking(b"user agent: " + forged + b" and more")
    writer.append_blocking(b"next")
    writer.close()
    [path] = (tmp_path / "edge").glob("*.journal")
    _flip(path, SIZE + 2)
    assert _read(tmp_path)[0] == [b"next"]


def test_damage_that_reaches_to_the_end_is_told_once_however_often_it_is_read(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    for record in _RECORDS:
        writer.append_blocking(record)
    [path] = (tmp_path / "edge").glob("*.journal")
    _flip(path, SIZE + 39 * _FRAME + 30)
    reader = JournalReader(tmp_path)
    last = reader.read({}, 100)[-1].next
    keys = {finding.key for _ in range(3) if reader.read({1: last}, 100) == [] for finding in reader.pop_findings()}
    assert len(keys) == 1
    writer.close()
    reader.close()


def test_the_last_segment_gone_is_told_and_its_number_is_not_used_again(tmp_path: Path) -> None:
    _journal(tmp_path, 4)[-1].unlink()
    writer = JournalWriter(tmp_path, "edge")
    assert writer.append_blocking(b"new").segment == 5
    writer.close()
    records, kinds = _read(tmp_path)
    assert records == [*_RECORDS[:30], b"new"]
    assert set(kinds) == {"missing"}


def test_the_only_segment_gone_is_told(tmp_path: Path) -> None:
    _journal(tmp_path, 1)[0].unlink()
    JournalWriter(tmp_path, "edge").close()
    assert _read(tmp_path) == ([], ["missing"])


@pytest.mark.parametrize("name", ["copy.journal", "0000001 (copy).journal", "1.journal", "-000001.journal"])
def test_a_file_that_is_no_segment_is_left_alone(tmp_path: Path, name: str) -> None:
    _journal(tmp_path, 1)
    (tmp_path / "edge" / name).write_bytes(b"made by hand")
    writer = JournalWriter(tmp_path, "edge")
    writer.append_blocking(b"new")
    writer.close()
    assert _read(tmp_path) == ([*_RECORDS, b"new"], [])
    assert (tmp_path / "edge" / name).read_bytes() == b"made by hand"


def test_a_folder_that_is_named_like_the_next_segment_costs_one_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_RETRY_SECONDS", 0.0)
    _journal(tmp_path, 1)
    (tmp_path / "edge" / "0000002.journal").mkdir()
    writer = JournalWriter(tmp_path, "edge")
    with pytest.raises(StorageError):
        writer.append_blocking(b"refused")
    writer.append_blocking(b"new")
    writer.close()
    assert _read(tmp_path)[0] == [*_RECORDS, b"new"]


@pytest.mark.parametrize("kind", ["a pipe", "a socket", "a link to itself"])
@pytest.mark.parametrize(
    "name", ["edge/mark", "edge/identity.json", "edge/reserve", "numbers.json", "edge/lock", "lock"]
)
def test_what_is_no_file_of_the_journal_loses_nothing(tmp_path: Path, name: str, kind: str) -> None:
    _journal(tmp_path, 1)
    (tmp_path / name).unlink(missing_ok=True)
    NO_FILES[kind](tmp_path / name)
    with closing(JournalWriter(tmp_path, "edge")) as writer:
        writer.append_blocking(b"new")
    assert _read(tmp_path)[0] == [*_RECORDS, b"new"]


@pytest.mark.parametrize(
    "name", ["edge/mark", "edge/identity.json", "edge/reserve", "numbers.json", "edge/lock", "lock"]
)
def test_a_folder_in_place_of_a_file_of_the_journal_is_set_aside(tmp_path: Path, name: str) -> None:
    _journal(tmp_path, 1)
    path = tmp_path / name
    path.unlink(missing_ok=True)
    path.mkdir()
    (path / "inside").write_bytes(b"kept")
    writer = JournalWriter(tmp_path, "edge")
    writer.append_blocking(b"new")
    writer.close()
    assert _read(tmp_path)[0] == [*_RECORDS, b"new"]
    [quarantined] = path.parent.glob(f"{path.name}.damaged-*")
    assert (quarantined / "inside").read_bytes() == b"kept"


def _two(root: Path) -> None:
    for name in ("edge", "relay"):
        with closing(JournalWriter(root, name)) as writer:
            writer.append_blocking(name.encode())


def test_a_journal_that_cannot_be_read_waits_and_the_others_are_read(tmp_path: Path) -> None:
    _two(tmp_path)
    segment = tmp_path / "edge" / "0000001.journal"
    reader = JournalReader(tmp_path)
    reader.read({}, 0)
    segment.rename(segment.with_suffix(".away"))
    segment.symlink_to(segment)  # what root cannot open either
    assert [record.data for record in reader.read({}, 10)] == [b"relay"]
    assert "the journal of edge waits" in reader.problem
    assert "link to itself" in reader.problem
    assert [finding.kind for finding in reader.pop_findings()] == []
    segment.unlink()
    segment.with_suffix(".away").rename(segment)
    assert sorted(record.data for record in reader.read({}, 10)) == [b"edge", b"relay"]
    assert reader.problem == ""
    reader.close()


def test_a_folder_that_cannot_be_opened_is_not_taken_for_one_that_is_digested(tmp_path: Path) -> None:
    _two(tmp_path)
    (tmp_path / "edge").rename(tmp_path / "away")
    (tmp_path / "edge").symlink_to(tmp_path / "edge")
    reader = JournalReader(tmp_path)
    reader.recognise(Known())
    with pytest.raises(StorageError, match="edge cannot be read"):
        reader.unread("edge", {})
    assert reader.unread("relay", {})
    assert [finding.kind for finding in reader.pop_findings()] == []
    reader.close()


@pytest.mark.parametrize("kept", [0, SIZE + 3 * _FRAME, SIZE + 3 * _FRAME + 5])
def test_a_last_segment_that_is_shorter_than_what_was_answered_is_told(tmp_path: Path, kept: int) -> None:
    [path] = _journal(tmp_path, 1)
    os.truncate(path, kept)
    with closing(JournalWriter(tmp_path, "edge")) as writer:
        writer.append_blocking(b"new")
    records, kinds = _read(tmp_path)
    assert records == [*_RECORDS[: max(kept - SIZE, 0) // _FRAME], b"new"]
    assert kinds == ["damaged"]
    [examined] = examine_journals(tmp_path)
    assert len(examined.problems) == 1
