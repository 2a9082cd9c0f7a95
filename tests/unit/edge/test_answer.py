"""Answers' headers."""

from postlude.edge.answer import http_date


def test_dates() -> None:
    assert http_date(784_111_777_000_000) == "Sun, 06 Nov 1994 08:49:37 GMT"
