import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.services.contacts.cell_words import split_cell, words_text


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("vip, press", ("vip", "press")),
        ("vip;press|fair", ("vip", "press", "fair")),
        ('"Newsletter","VIP, Gold"', ("Newsletter", "VIP, Gold")),
        ('"Newsletter"', ("Newsletter",)),
        ('plain, "VIP, ""Gold"""', ("plain", 'VIP, "Gold"')),
        ("* myContacts ::: Friends", ("* myContacts", "Friends")),
        ('5" disk, b', ('5" disk', "b")),
        ('"open, b', ('"open', "b")),
        (" , ;", ()),
        ("a,a", ("a",)),
    ],
)
def test_words_of_a_cell(cell: str, words: tuple[str, ...]) -> None:
    assert split_cell(cell) == words


@given(st.lists(st.text('ab ,;|":é', min_size=1, max_size=6).map(str.strip).filter(bool), unique=True, max_size=5))
def test_what_is_read_is_what_was_written(words: list[str]) -> None:
    assert split_cell(words_text(words)) == tuple(words)
