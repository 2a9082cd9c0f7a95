"""A position belongs to the very journal it was read from: older, gone, swapped and foreign ones are told and read."""

import json
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from postlude.journal import JournalReader, JournalRecord, JournalWriter, Known, Position
from postlude.journal.frame import build_frame

if TYPE_CHECKING:
    from postlude.model.segment import SegmentLabel


class Stores:
    """Keeps what the digest's stores keep of a journal, and reads on from there, as after a restart of the app."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.places: dict[int, Position] = {}
        self.labels: list[SegmentLabel] = []
        self.ids: list[int] = []
        self.told: list[str] = []

    def digest(self) -> list[bytes]:
        reader = JournalReader(self.root)
        reader.recognise(Known({n: (p.segment, p.offset) for n, p in self.places.items()}, self.labels))
        fresh: list[JournalRecord] = []
        while records := reader.read(self.places, 3):
            self.places |= {record.writer: record.next for record in records}
            fresh += records
        self.labels += reader.pop_labels()
        self.told += [finding.kind for finding in reader.pop_findings()]
        self.ids += [record.event_id() for record in fresh]
        reader.close()
        return [record.data for record in fresh]


def _write(root: Path, name: str, records: Iterable[bytes]) -> None:
    writer = JournalWriter(root, name)
    for record in records:
        writer.append_blocking(record)
    writer.close()


@pytest.fixture
def stores(tmp_path: Path) -> Stores:
    return Stores(tmp_path / "journal")


def test_an_ordinary_restart_reads_every_record_once_and_tells_nothing(stores: Stores) -> None:
    for start in range(4):
        _write(stores.root, "edge", [b"%d" % start])
        assert stores.digest() == [b"%d" % start]
    assert stores.told == []
    assert set(stores.places) == {1}


@pytest.mark.parametrize("starts", [1, 2, 5, 9])
def test_a_journal_put_back_from_before_some_starts_is_read_on_however_often_it_is_started(
    stores: Stores, starts: int
) -> None:
    _write(stores.root, "edge", [b"old"])
    stores.digest()
    shutil.copytree(stores.root, stores.root.with_name("backup"))
    for start in range(5):
        _write(stores.root, "edge", [b"between %d" % start])
    stores.digest()
    shutil.rmtree(stores.root)
    stores.root.with_name("backup").rename(stores.root)
    new = [b"new %d" % start for start in range(starts)]
    for record in new:
        _write(stores.root, "edge", [record])
    assert stores.digest() == new
    assert stores.told == ["older"]
    assert len(set(stores.ids)) == 6 + starts


def test_a_journal_put_back_is_told_before_anything_new_comes(stores: Stores) -> None:
    _write(stores.root, "edge", [b"old"])
    shutil.copytree(stores.root, stores.root.with_name("backup"))
    _write(stores.root, "edge", [b"later"])
    stores.digest()
    shutil.rmtree(stores.root)
    stores.root.with_name("backup").rename(stores.root)
    assert stores.digest() == []
    assert stores.told == ["older"]


@pytest.mark.parametrize("what", ["", "edge"])
def test_a_journal_that_is_gone_is_told_and_the_new_one_is_read(stores: Stores, what: str) -> None:
    _write(stores.root, "edge", [b"a", b"b", b"c"])
    _write(stores.root, "mail", [b"d"])
    stores.digest()
    shutil.rmtree(stores.root / what)
    stores.root.mkdir(exist_ok=True)
    stores.digest()
    assert stores.told.count("gone") == (1 if what else 2)
    _write(stores.root, "mail", [b"mail"])
    _write(stores.root, "edge", [b"x", b"y"])
    assert sorted(stores.digest()) == [b"mail", b"x", b"y"]
    assert len(set(stores.ids)) == 7


def test_a_segment_of_another_journal_is_told_although_nothing_was_read_yet(stores: Stores, tmp_path: Path) -> None:
    _write(tmp_path / "other", "edge", [b"another's"])
    _write(stores.root, "edge", [b"never read"])
    (tmp_path / "other/edge/0000001.journal").replace(stores.root / "edge/0000001.journal")
    _write(stores.root, "edge", [b"new"])
    assert b"new" in stores.digest()
    assert "older" in stores.told


def test_an_emptied_folder_is_another_journal(stores: Stores) -> None:
    stores.digest()
    _write(stores.root, "edge", [b"never read"])
    before = json.loads((stores.root / "edge" / "identity.json").read_bytes())
    shutil.rmtree(stores.root / "edge")
    (stores.root / "edge").mkdir()
    _write(stores.root, "edge", [b"new"])
    assert json.loads((stores.root / "edge" / "identity.json").read_bytes()) != before
    assert stores.digest() == [b"new"]


def test_two_folders_that_were_swapped_lose_nothing(stores: Stores) -> None:
    for name in ("edge", "mail"):
        _write(stores.root, name, [name.encode()])
    stores.digest()
    for source, target in (("edge", "x"), ("mail", "edge"), ("x", "mail")):
        (stores.root / source).rename(stores.root / target)
    for name in ("edge", "mail"):
        _write(stores.root, name, [b"new " + name.encode()])
    assert sorted(stores.digest()) == [b"new edge", b"new mail"]
    assert len(set(stores.ids)) == 4


def test_the_folder_of_another_installation_is_read_and_told(stores: Stores, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for start in range(6):
        _write(other, "edge", [b"other %d" % start])
    for start in range(3):
        _write(stores.root, "edge", [b"%d" % start])
    stores.digest()
    shutil.rmtree(stores.root / "edge")
    shutil.copytree(other / "edge", stores.root / "edge")
    _write(stores.root, "edge", [b"new"])
    assert stores.digest() == [*(b"other %d" % start for start in range(6)), b"new"]
    assert stores.told == ["gone", "older"]
    assert len(set(stores.ids)) == 10


def test_stores_kept_with_a_new_data_folder_take_everything_of_it(stores: Stores, tmp_path: Path) -> None:
    for start in range(3):
        _write(stores.root, "edge", [b"%d" % start])
    stores.digest()
    stores.root = tmp_path / "new machine"
    _write(stores.root, "mail", [b"first mail"])
    _write(stores.root, "edge", [b"first hit"])
    assert sorted(stores.digest()) == [b"first hit", b"first mail"]
    assert len(set(stores.ids)) == 5


def test_what_an_older_version_wrote_is_read_on_where_it_was(stores: Stores) -> None:
    folder = stores.root / "edge"
    folder.mkdir(parents=True)
    (stores.root / "numbers.json").write_text(json.dumps({"edge": 7}))
    first, second = build_frame([b"digested"]), build_frame([b"not yet"])
    (folder / "0000004.journal").write_bytes(first + second)
    stores.places = {7: Position(7, 4, len(first))}
    assert stores.digest() == [b"not yet"]
    _write(stores.root, "edge", [b"by this version"])
    assert stores.digest() == [b"by this version"]
    assert set(stores.places) == {7}
    assert stores.told == []


@pytest.mark.parametrize("damage", [b"", b"{", b"[1, 2]", b'{"edge": "x"}', b"\0" * 40, None])
def test_a_damaged_or_missing_list_of_writers_is_made_again(stores: Stores, damage: bytes | None) -> None:
    for name in ("mail", "edge", "app"):
        _write(stores.root, name, [name.encode()])
    stores.digest()
    path = stores.root / "numbers.json"
    path.unlink()
    if damage is not None:
        path.write_bytes(damage)
    for name in ("app", "edge", "mail"):
        _write(stores.root, name, [b"new " + name.encode()])
    assert sorted(stores.digest()) == [b"new app", b"new edge", b"new mail"]
    assert set(stores.places) == {1, 2, 3}
    kept = [each.read_bytes() for each in stores.root.glob("numbers.json.damaged-*")]
    assert kept == ([] if damage is None else [damage])


def test_numbers_come_from_the_segments_when_both_lists_are_lost(stores: Stores) -> None:
    for name in ("mail", "edge"):
        _write(stores.root, name, [name.encode()])
    stores.digest()
    for path in (stores.root / "numbers.json", *stores.root.glob("*/identity.json")):
        path.unlink()
    _write(stores.root, "edge", [b"new"])
    assert stores.digest() == [b"new"]
    assert set(stores.places) == {1, 2}
    assert stores.told == []


def test_the_reader_alone_does_not_need_the_list(stores: Stores) -> None:
    _write(stores.root, "edge", [b"a"])
    (stores.root / "numbers.json").write_bytes(b"damaged")
    assert stores.digest() == [b"a"]
