"""What a pattern cannot do without: never more than is true."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.feedback.literals import Search, alternatives, needed


@pytest.mark.parametrize(
    ("pattern", "parts"),
    [
        ("a|b", ["a", "b"]),
        ("a(?:b|c)|d", ["a(?:b|c)", "d"]),
        ("[|]|x", ["[|]", "x"]),
        (r"\||x", [r"\|", "x"]),
        ("alone", ["alone"]),
    ],
)
def test_alternatives_are_what_stands_between_bars_outside_of_groups(pattern: str, parts: list[str]) -> None:
    assert alternatives(pattern) == parts


@pytest.mark.parametrize(
    ("pattern", "pieces"),
    [
        ("quota", {"ota"}),
        ("mailboxe?s", {"box"}),
        ("(?:full|over)", {"ull", "ver"}),
        ("(?:full|x)", set()),
        ("(?:full)?", set()),
        ("(?:full){0,2}", set()),
        ("(?<!user )quota", {"ota"}),
        (r"\d{3}", set()),
        ("[abc]+", set()),
        ("to{2}", set()),
        ("a.{0,5}quota", {"ota"}),
    ],
)
def test_pieces(pattern: str, pieces: set[str]) -> None:
    assert needed(pattern) == pieces


PART = st.recursive(
    st.text("abc", min_size=1, max_size=5) | st.sampled_from([r"\b", r"\d", "[ab]", ".", "(?<!a)", "(?!b)"]),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=3).map("".join)
        | st.lists(inner, min_size=1, max_size=3).map(lambda parts: f"(?:{'|'.join(parts)})")
        | st.tuples(inner.map(lambda part: f"(?:{part})"), st.sampled_from(["?", "*", "+", "{0,2}", "{2}"])).map(
            "".join
        )
    ),
    max_leaves=6,
)


@given(PART, st.text("abc1 ", max_size=30))
def test_every_match_has_a_piece(pattern: str, text: str) -> None:
    match = re.search(pattern, text)
    pieces = needed(pattern)
    assert not match or not pieces or any(piece in match[0] for piece in pieces)


def test_the_first_pattern_in_order_is_found() -> None:
    search = Search([re.compile("mailbox"), re.compile("full|voll"), re.compile(r"\d")])
    assert search.first("the mailbox is full") == 0
    assert search.first("it is voll") == 1
    assert search.first("552") == 2
    assert search.first("nothing") is None
