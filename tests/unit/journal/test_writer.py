import asyncio
import threading
from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter, Position, losses
from postlude.model.errors import InputError, InUseError, StorageError


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    positions = [writer.append_blocking(f"record {i}".encode()) for i in range(10)]
    records = JournalReader(tmp_path).read({}, 100)
    assert [r.data for r in records] == [f"record {i}".encode() for i in range(10)]
    assert [r.position for r in records] == positions
    writer.close()


async def test_many_at_once_are_one_batch_or_few(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    positions = await asyncio.gather(*(writer.append(b"%d" % i) for i in range(500)))
    assert positions == sorted(set(positions))
    assert writer.stats.records == 500
    assert writer.stats.batches < 100
    assert len(JournalReader(tmp_path).read({}, 1000)) == 500
    writer.close()


def test_reading_goes_on_anywhere_also_inside_a_batch(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=400)
    done = threading.Semaphore(0)
    for i in range(100):
        writer.submit(b"%03d" % i, lambda _: done.release())
    for _ in range(100):
        done.acquire()
    reader = JournalReader(tmp_path)
    after: dict[int, Position] = {}
    seen: list[bytes] = []
    while records := reader.read(after, 7):
        seen += [r.data for r in records]
        after[writer.number] = records[-1].next
    assert seen == [b"%03d" % i for i in range(100)]
    assert JournalReader(tmp_path).read({1: records[0].next} if records else after, 7) == []
    writer.close()


def test_a_new_start_is_a_new_segment_and_never_a_used_position(tmp_path: Path) -> None:
    seen = []
    for _ in range(3):
        writer = JournalWriter(tmp_path, "edge")
        seen.append(writer.append_blocking(b"x"))
        writer.close()
    assert len(set(seen)) == 3
    assert [p.segment for p in seen] == [1, 2, 3]


def test_numbers_are_stable_by_name(tmp_path: Path) -> None:
    numbers = []
    for name in ("edge", "relay", "edge"):
        writer = JournalWriter(tmp_path, name)
        numbers.append(writer.number)
        writer.close()
    assert numbers == [1, 2, 1]


def test_a_reader_waits_for_a_writer_that_is_just_being_made(tmp_path: Path) -> None:
    JournalWriter(tmp_path, "edge").close()
    mark = tmp_path / "edge" / "mark"
    whole = mark.read_bytes()
    mark.write_bytes(b"")  # as between its making and its first bytes
    reader = JournalReader(tmp_path)
    assert reader.read({}, 10) == []
    assert not reader.wait(0.01)
    assert losses(tmp_path) == {}
    mark.write_bytes(whole)
    writer = JournalWriter(tmp_path, "edge")
    writer.append_blocking(b"record")
    assert [record.data for record in reader.read({}, 10)] == [b"record"]
    writer.close()


def test_one_writer_a_name(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    with pytest.raises(InUseError):
        JournalWriter(tmp_path, "edge")
    writer.close()


def test_a_record_must_fit_a_segment(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=1000)
    for bad in (b"", b"x" * 933):
        with pytest.raises(InputError):
            writer.append_blocking(bad)
    assert writer.append_blocking(b"x" * 932).offset == 68
    writer.close()


def test_a_closed_journal_takes_nothing(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    writer.close()
    with pytest.raises(StorageError):
        writer.append_blocking(b"x")


def test_the_size_is_bounded(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=1000, max_bytes=3000)
    for _ in range(3):
        writer.append_blocking(b"x" * 900)
    with pytest.raises(StorageError, match="the limit is 3000"):
        writer.append_blocking(b"x" * 900)
    assert writer.stats.problem
    assert writer.stats.lost == 1
    writer.close()


def test_event_ids_are_unique_and_fit_63_bits() -> None:
    first, last = Position(1, 0, 16), Position(4095, (1 << 21) - 1, (1 << 26) - 1)
    assert first.event_id(0) + 1 == first.event_id(1)
    assert last.event_id(15) == (1 << 63) - 1
    with pytest.raises(ValueError, match="at most 16"):
        first.event_id(16)


def test_what_waits_to_be_read_is_told_in_bytes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=4096)
    records = [bytes([65 + i % 26]) * 500 for i in range(30)]
    for record in records:
        writer.append_blocking(record)
    reader = JournalReader(tmp_path)
    read = reader.read({}, 100)
    assert reader.behind({}) >= sum(map(len, records))
    assert reader.behind({writer.number: read[-1].next}) == 0
    assert 0 < reader.behind({writer.number: read[-2].next}) < 600
    half = reader.behind({writer.number: read[14].next})
    assert 15 * 500 <= half < 17 * 600
    writer.close()
    reader.close()


def test_a_nearly_full_journal_is_told_before_anything_is_lost(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=4096, max_bytes=10_000)
    assert writer.alarm == ""
    for _ in range(9):
        writer.append_blocking(b"x" * 950)
    assert "journal of edge" in writer.alarm
    assert "POSTLUDE_JOURNAL_MAX_BYTES" in writer.alarm
    writer.close()


def test_what_is_digested_makes_room_before_its_week_is_over(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=4096, max_bytes=40_000)
    for _ in range(30):
        writer.append_blocking(b"x" * 990)
    reader = JournalReader(tmp_path, max_bytes=40_000)
    read = reader.read({}, 100)
    assert reader.trim({writer.number: read[3].next}) == 0  # only the first segment is digested, and not wholly
    assert reader.trim({writer.number: read[-1].next}) > 2
    assert 16_000 < sum(path.stat().st_size for path in (tmp_path / "edge").glob("*.journal")) <= 20_000
    writer.close()
    reader.close()
