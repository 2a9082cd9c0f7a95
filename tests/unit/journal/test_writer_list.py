"""The list of writers is read again when it was replaced, and only then."""

from pathlib import Path

import pytest

from postlude.journal import registry
from postlude.journal.registry import WriterList, register, writers_in


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """How often the list was read."""
    seen: list[Path] = []

    def counted(root: Path) -> dict[str, registry.Writer]:
        seen.append(root)
        return writers_in(root)

    monkeypatch.setattr(registry, "writers_in", counted)
    return seen


def test_the_same_list_is_read_once(tmp_path: Path, reads: list[Path]) -> None:
    register(tmp_path, "edge")
    writers = WriterList(tmp_path)
    assert [set(writers.get()) for _ in range(3)] == [{"edge"}] * 3
    assert len(reads) == 1


def test_a_writer_that_comes_is_seen_at_the_next_look(tmp_path: Path) -> None:
    register(tmp_path, "edge")
    writers = WriterList(tmp_path)
    writers.get()
    register(tmp_path, "relay")
    assert set(writers.get()) == {"edge", "relay"}


def test_a_list_of_the_same_length_is_another_one(tmp_path: Path) -> None:
    register(tmp_path, "aaaa")
    writers = WriterList(tmp_path)
    before = writers.get()
    text = (tmp_path / "numbers.json").read_text()
    other = tmp_path / "other"
    other.write_text(text.replace("aaaa", "bbbb"))
    other.rename(tmp_path / "numbers.json")
    assert set(before) == {"aaaa"}
    assert set(writers.get()) == {"bbbb"}


def test_without_a_list_the_folders_are_looked_at_every_time(tmp_path: Path) -> None:
    register(tmp_path, "edge")
    writers = WriterList(tmp_path)
    writers.get()
    (tmp_path / "numbers.json").unlink()
    assert set(writers.get()) == {"edge"}
    register(tmp_path, "relay")
    assert set(writers.get()) == {"edge", "relay"}


def test_no_folder_is_no_writer(tmp_path: Path) -> None:
    assert WriterList(tmp_path / "none").get() == {}
