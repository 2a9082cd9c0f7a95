"""Cursors: read back, and refused where they are not from here."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.api.cursor import feed_cursor, message_cursor, read_feed_cursor, read_message_cursor
from postlude.api.problems import ApiProblemError

NUMBERS = st.integers(0, (1 << 63) - 1)


@given(NUMBERS)
def test_read_back(number: int) -> None:
    assert read_feed_cursor(feed_cursor(number)) == number
    assert read_message_cursor(message_cursor(number)) == number


@given(NUMBERS)
def test_one_of_another_call_is_none(number: int) -> None:
    with pytest.raises(ApiProblemError):
        read_feed_cursor(message_cursor(number))


@given(st.text())
def test_whatever_is_none_is_a_problem(text: str) -> None:
    with pytest.raises(ApiProblemError):
        read_feed_cursor(text)


@given(st.integers(1 << 63, (1 << 64) - 1))
def test_a_number_that_no_store_holds_is_a_problem(number: int) -> None:
    with pytest.raises(ApiProblemError):
        read_message_cursor(message_cursor(number))
