"""Torn tails, lost marks, damaged frames, trimming."""

import os
from contextlib import closing
from pathlib import Path

from postlude.journal import JournalReader, JournalWriter, Position
from postlude.journal.frame import build_frame, find_frame
from postlude.journal.segment_header import SIZE


class _Clock:
    def __init__(self, now: int) -> None:
        self._now = now

    def now(self) -> int:
        return self._now


def _write(root: Path, *records: bytes) -> list[Position]:
    writer = JournalWriter(root, "edge")
    positions = [writer.append_blocking(record) for record in records]
    writer.close()
    return positions


def test_a_torn_tail_is_cut_at_every_byte(tmp_path: Path) -> None:
    frame = build_frame([b"second", b"third"])
    for cut in range(len(frame)):
        root = tmp_path / str(cut)
        _write(root, b"first")
        with (root / "edge" / "0000001.journal").open("ab") as file:
            file.write(frame[:cut])
        [position] = _write(root, b"after")
        assert position.segment == 2
        assert [r.data for r in JournalReader(root).read({}, 10)] == [b"first", b"after"]


def test_every_flipped_bit_of_a_frame_is_noticed() -> None:
    frame = build_frame([b"one", b"three"])
    assert find_frame(memoryview(frame), 0) is not None
    for bit in range(len(frame) * 8):
        damaged = bytearray(frame)
        damaged[bit // 8] ^= 1 << bit % 8
        assert find_frame(memoryview(bytes(damaged)), 0) is None


def test_zeros_of_a_prepared_segment_are_no_records(tmp_path: Path) -> None:
    _write(tmp_path, b"first")
    with (tmp_path / "edge" / "0000001.journal").open("ab") as file:
        file.write(bytes(1 << 16))
    assert len(_write(tmp_path, b"second")) == 1
    assert [r.data for r in JournalReader(tmp_path).read({}, 10)] == [b"first", b"second"]


def test_a_mark_lost_in_a_power_cut_is_found_again_without_the_writer(tmp_path: Path) -> None:
    _write(tmp_path, b"first")
    (tmp_path / "edge" / "mark").unlink()
    assert [r.data for r in JournalReader(tmp_path).read({}, 10)] == [b"first"]


def test_what_is_not_known_to_be_durable_is_not_read(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    writer.append_blocking(b"first")
    with (tmp_path / "edge" / "0000001.journal").open("ab") as file:
        file.write(build_frame([b"not synced yet"]))
    assert [r.data for r in JournalReader(tmp_path).read({}, 10)] == [b"first"]
    writer.close()


def test_waiting_ends_when_something_comes(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge")
    reader = JournalReader(tmp_path)
    assert reader.read({}, 10) == []
    assert not reader.wait(0.02)
    writer.append_blocking(b"x")
    assert reader.wait(0.02)
    assert len(reader.read({}, 10)) == 1
    assert not reader.wait(0.02)
    other = JournalWriter(tmp_path, "relay")
    other.append_blocking(b"y")
    assert reader.wait(0.02)
    writer.close()
    other.close()


def test_trimming_keeps_the_unread_the_young_and_the_newest(tmp_path: Path) -> None:
    positions = [_write(tmp_path, b"x")[0] for _ in range(4)]
    folder = tmp_path / "edge"
    for name in ("0000001.journal", "0000002.journal", "0000004.journal"):
        os.utime(folder / name, (1000, 1000))
    reader = JournalReader(tmp_path, _Clock(1_000_000_000_000))
    done = {1: positions[3]}
    assert reader.trim({1: positions[1]}, 60) == 1
    assert reader.trim(done, 60) == 1
    assert reader.trim(done, 60) == 0
    assert sorted(p.name for p in folder.glob("*.journal")) == ["0000003.journal", "0000004.journal"]
    _write(tmp_path, b"y")
    assert reader.read({1: positions[3]._replace(offset=100)}, 10)[0].position.segment == 5


def test_segments_written_while_the_clock_was_ahead_age_from_when_it_was_set_right(tmp_path: Path) -> None:
    positions = [_write(tmp_path, b"x")[0] for _ in range(3)]
    segment = tmp_path / "edge" / "0000001.journal"
    now = 2_000_000_000
    os.utime(segment, (now + 86_400 * 30, now + 86_400 * 30))
    done = {1: positions[1]}
    assert JournalReader(tmp_path, _Clock(now * 1_000_000)).trim(done, 3600) == 0
    assert segment.stat().st_mtime == now
    assert JournalReader(tmp_path, _Clock((now + 3700) * 1_000_000)).trim(done, 3600) == 1
    os.utime(tmp_path / "edge" / "0000002.journal", (now * 2, now * 2))
    assert JournalReader(tmp_path, _Clock(now * 1_000_000)).trim({1: positions[2]}, 0) == 1


def test_who_has_little_does_not_wait_for_who_has_much(tmp_path: Path) -> None:
    (tmp_path / "journal").mkdir()
    root = tmp_path / "journal"
    for name in ("edge-1", "edge-2", "edge-3"):
        with closing(JournalWriter(root, name)) as writer:
            for number in range(500):
                writer.append_blocking(f"{name} {number}".encode())
    with closing(JournalWriter(root, "relay")) as writer:
        writer.append_blocking(b"a mail")
    reader = JournalReader(root)
    done: dict[int, Position] = {}
    seen: list[bytes] = []
    for batch in range(40):
        records = reader.read(done, 100)
        if not records:
            break
        assert len(records) == 100 or len(seen) + len(records) == 1501
        if not batch:
            assert b"a mail" in [record.data for record in records]
        seen += [record.data for record in records]
        done |= {record.writer: record.next for record in records}
    assert len(seen) == len(set(seen)) == 1501


def test_several_writers_come_merged_and_each_in_order(tmp_path: Path) -> None:
    writers = [JournalWriter(tmp_path, name) for name in ("edge-1", "edge-2", "relay")]
    for i in range(5):
        for writer in writers:
            writer.append_blocking(b"%d" % i)
    records = JournalReader(tmp_path).read({}, 100)
    for writer in writers:
        assert [r.data for r in records if r.position.writer == writer.number] == [b"0", b"1", b"2", b"3", b"4"]
        writer.close()
    assert len({r.position.event_id(0) for r in records}) == 15


def test_a_busy_writer_moves_to_a_prepared_segment(tmp_path: Path) -> None:
    writer = JournalWriter(tmp_path, "edge", segment_bytes=4 << 20)
    expected: list[bytes] = []

    def written_until_it_did() -> bool:
        """A segment is prepared beside the writing, and not in time for each where much else runs."""
        for i in range(len(expected), len(expected) + 400):
            expected.append(i.to_bytes(4, "big") * 4096)
            writer.append_blocking(expected[-1])
        return 4 << 20 in [path.stat().st_size for path in (tmp_path / "edge").glob("*.journal")]

    assert any(written_until_it_did() for _ in range(8))
    writer.close()
    assert [r.data for r in JournalReader(tmp_path).read({}, 4000)] == expected
    assert not (tmp_path / "edge" / "reserve").exists()
    paths = list((tmp_path / "edge").glob("*.journal"))
    assert sum(path.stat().st_size for path in paths) == len(expected) * (16_384 + 20) + len(paths) * SIZE
