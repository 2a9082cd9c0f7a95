"""Which copies' messages had begun to leave: said after a crash, and only where it is certain."""

import shutil
from pathlib import Path

import pytest

from postlude.journal import LastTaken, TakenCopies, last_taken, taken


def test_what_was_added_is_known(tmp_path: Path) -> None:
    file = TakenCopies(tmp_path, 9)
    assert last_taken(tmp_path) == LastTaken(9, frozenset())
    for copy in (5, 1 << 62):
        file.add(copy)
    assert set(last_taken(tmp_path).copies or ()) == {5, 1 << 62}


def test_a_new_one_forgets_the_former(tmp_path: Path) -> None:
    TakenCopies(tmp_path, 9).add(5)
    TakenCopies(tmp_path, 9).add(6)
    assert set(last_taken(tmp_path).copies or ()) == {6}


def test_the_oldest_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(taken, "_SLOTS", 4)
    file = TakenCopies(tmp_path, 9)
    for copy in range(1, 7):
        file.add(copy)
    assert set(last_taken(tmp_path).copies or ()) == {3, 4, 5, 6}


@pytest.mark.parametrize("size", [0, 100, 4096])
def test_one_that_is_not_whole_says_nothing(tmp_path: Path, size: int) -> None:
    TakenCopies(tmp_path, 9).add(5)
    with (tmp_path / "taken").open("r+b") as file:
        file.truncate(size)
    assert last_taken(tmp_path).copies is None


def test_a_folder_without_says_nothing(tmp_path: Path) -> None:
    assert last_taken(tmp_path) == LastTaken(0, None)


def test_a_copy_of_the_file_says_nothing(tmp_path: Path) -> None:
    TakenCopies(tmp_path, 9).add(5)
    (tmp_path / "backup").mkdir()
    shutil.copy2(tmp_path / "taken", tmp_path / "backup")
    assert last_taken(tmp_path / "backup") == LastTaken(0, None)


def test_nothing_is_known_after_the_machine_was_started_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TakenCopies(tmp_path, 9).add(5)
    (tmp_path / "boot").write_text("another")
    monkeypatch.setattr(taken, "_BOOT", tmp_path / "boot")
    assert last_taken(tmp_path) == LastTaken(9, None)


def test_nothing_is_known_on_a_system_that_does_not_say_when_it_was_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(taken, "_BOOT", tmp_path / "none")
    TakenCopies(tmp_path, 9).add(5)
    assert last_taken(tmp_path) == LastTaken(9, None)


@pytest.mark.parametrize("content", [b"\xff" * 4096, b"boot 1 x", b"a b c d e"])
def test_what_is_no_such_file_is_nobodys(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "taken").write_bytes(content)
    assert last_taken(tmp_path) == LastTaken(0, None)


def test_a_file_of_an_older_version_does_not_say_whose_it_is(tmp_path: Path) -> None:
    path = tmp_path / "taken"
    path.touch()
    path.write_bytes(f"{taken._boot()} {path.stat().st_ino}".encode().ljust(4096, b"\0") + bytes(8 << 16))
    assert last_taken(tmp_path) == LastTaken(None, frozenset())
