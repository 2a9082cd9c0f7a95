"""Whose records are read first, and who is read at all."""

from pathlib import Path

import pytest

from postlude.journal import JournalReader, JournalWriter, Position


def _write(root: Path, name: str, records: int) -> JournalWriter:
    writer = JournalWriter(root, name)
    for number in range(records):
        writer.append_blocking(f"{name} {number}".encode())
    return writer


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Many hits in the journals of two edges, and a little mail."""
    for name, records in (("edge", 300), ("edge-2", 300), ("relay", 30)):
        _write(tmp_path, name, records).close()
    return tmp_path


def _read(reader: JournalReader, limit: int, after: dict[int, Position] | None = None) -> list[str]:
    return [record.data.decode().split()[0] for record in reader.read(after or {}, limit)]


def test_mail_stands_before_hits(root: Path) -> None:
    found = _read(JournalReader(root, first=("relay", "app")), 100)
    assert found[:30] == ["relay"] * 30
    assert len(found) == 100
    assert "relay" not in found[30:]


def test_hits_have_half_of_what_is_read_however_much_mail_there_is(root: Path) -> None:
    found = _read(JournalReader(root, first=("relay", "app")), 40)
    assert found[:20] == ["relay"] * 20
    assert sorted(set(found[20:])) == ["edge", "edge-2"]


def test_where_nobody_else_writes_mail_has_everything(tmp_path: Path) -> None:
    _write(tmp_path, "relay", 30).close()
    assert _read(JournalReader(tmp_path, first=("relay",)), 20) == ["relay"] * 20


def test_nothing_is_left_out(root: Path) -> None:
    reader, after, seen = JournalReader(root, first=("relay",)), dict[int, Position](), 0
    while records := reader.read(after, 37):
        seen += len(records)
        after |= {record.writer: record.next for record in records}
    assert seen == 630


def test_the_journals_of_others_are_not_touched_by_who_reads_one(root: Path) -> None:
    held = JournalWriter(root, "relay")
    (root / "edge-2" / "mark").unlink()
    reader = JournalReader(root, only="relay")
    assert set(_read(reader, 1000)) == {"relay"}
    assert not (root / "edge-2" / "mark").exists()
    assert reader.problem == ""
    held.close()


def test_a_journal_that_is_held_is_left_out_and_is_no_news_until_it_is_let_go(root: Path) -> None:
    reader = JournalReader(root, first=("relay",))
    relay = reader.read({}, 1000)[0].writer
    after = {record.writer: record.next for record in reader.read({}, 1000)}
    reader.hold({relay})
    _write(root, "relay", 1).close()
    assert not reader.wait(0.0)
    assert reader.read(after, 1000) == []
    reader.hold(())
    assert reader.wait(0.0)
    assert _read(reader, 1000, after) == ["relay"]
