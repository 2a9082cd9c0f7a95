"""Marks of users' own browsers."""

import pytest

from postlude.tokens import KeyRing, MarkPurpose, TokenCodec

RING = KeyRing({1: bytes(32), 2: b"second" + bytes(26)}, 2)
MARKS = TokenCodec(RING).own_browser
NOW = 1_796_000_000_000_000
LATER = NOW + 60_000_000


def test_a_mark_says_who_until_it_is_over() -> None:
    text = MARKS.mint(MarkPurpose.MARK, 77, LATER).encode()
    assert MARKS.read(MarkPurpose.MARK, text, NOW) == 77
    assert MARKS.read(MarkPurpose.MARK, text, LATER) is None


def test_a_link_is_not_a_mark() -> None:
    text = MARKS.mint(MarkPurpose.LINK, 77, LATER).encode()
    assert MARKS.read(MarkPurpose.MARK, text, NOW) is None
    assert MARKS.read(MarkPurpose.LINK, text, NOW) == 77


def test_a_key_that_is_no_longer_current_still_reads() -> None:
    old = TokenCodec(KeyRing({1: bytes(32)}, 1)).own_browser.mint(MarkPurpose.MARK, 5, LATER)
    assert MARKS.read(MarkPurpose.MARK, old.encode(), NOW) == 5


@pytest.mark.parametrize("text", [b"", b"x" * 32, b"!" * 32, b"a" * 31, "é".encode() * 16])
def test_anything_else_is_nobodys(text: bytes) -> None:
    assert MARKS.read(MarkPurpose.MARK, text, NOW) is None


def test_one_changed_letter_is_noticed() -> None:
    text = bytearray(MARKS.mint(MarkPurpose.MARK, 77, LATER).encode())
    for place in range(32):
        changed = text.copy()
        changed[place] = ord("A") if changed[place] != ord("A") else ord("B")
        assert MARKS.read(MarkPurpose.MARK, bytes(changed), NOW) is None
