"""Files that name an address, found in steps."""

import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.model.errors import StorageError
from postlude.model.named_address import names_address
from postlude.services.privacy import file_texts
from postlude.services.privacy.file_search import FileSearch, file_names
from postlude.services.privacy.file_texts import OVERLAP, STEP, texts_in_steps

BOB, AN = "robert.quill@customer.test", "an@customer.test"


def _all(search: FileSearch) -> set[Path]:
    while (found := search.named(0)) is None:
        pass
    return found


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Three slices; the address lies across the first cut."""
    path = tmp_path / "large.csv"
    lead = STEP + OVERLAP - len(BOB) // 2
    path.write_bytes(b"," * (lead - 1) + b"\n" + BOB.encode() + b"\n" + b"," * 2 * STEP)
    return path


def test_a_file_is_looked_at_in_more_than_one_turn(large: Path) -> None:
    search = FileSearch((AN,), lambda: [large])
    assert search.named(0) is None
    assert _all(search) == set()


def test_an_address_across_a_cut_is_found(large: Path) -> None:
    assert _all(FileSearch((BOB,), lambda: [large])) == {large}


def test_the_end_of_a_longer_address_at_a_cut_is_not_it(tmp_path: Path) -> None:
    path = tmp_path / "cut.csv"
    path.write_bytes(b"," * (STEP - 2) + b"jan@customer.test\n")
    data = path.read_bytes()
    assert any(names_address(text, "n@customer.test") for text in texts_in_steps(data))
    assert _all(FileSearch(("n@customer.test",), lambda: [path])) == set()


def test_a_file_that_comes_meanwhile_is_looked_at(large: Path, tmp_path: Path) -> None:
    later = tmp_path / "later.csv"
    search = FileSearch((BOB,), lambda: sorted(tmp_path.iterdir()))
    search.named(0)
    later.write_text(BOB)
    assert _all(search) == {large, later}


def test_a_file_that_changes_is_looked_at_again(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("nothing")
    search = FileSearch((BOB,), lambda: [path])
    assert _all(search) == set()
    path.write_text(BOB)
    assert _all(search) == {path}


def test_a_file_that_goes_is_left_out(large: Path) -> None:
    search = FileSearch((BOB,), lambda: [large])
    search.named(0)
    large.unlink()
    assert _all(search) == set()


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(StorageError):
        _all(FileSearch((BOB,), lambda: [tmp_path]))


def test_a_packed_file_is_read_in_steps(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as made:
        made.writestr("xl/sharedStrings.xml", b" " * (3 * STEP - 9) + BOB.encode())
    assert FileSearch((BOB,), lambda: [path]).named(0) is None
    assert _all(FileSearch((BOB,), lambda: [path])) == {path}


@given(st.binary(max_size=300), st.binary(max_size=300), st.integers(16, 200))
def test_steps_find_what_the_whole_holds(before: bytes, after: bytes, step: int) -> None:
    data = before + b" " + BOB.encode() + b" " + after
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(file_texts, "STEP", step)
        assert any(names_address(text, BOB) for text in texts_in_steps(data))


def test_a_whole_file_is_looked_at_for_one_address(large: Path) -> None:
    assert file_names(large, BOB)
    assert not file_names(large, AN)
