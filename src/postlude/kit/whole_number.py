"""Whole numbers that strangers send: `str.isdigit` takes signs that `int` refuses, and `int` refuses long numbers."""

from typing import Final

DIGITS: Final = 18
"""As many as a 64-bit number holds in any case."""


def whole_number(text: str, digits: int = DIGITS) -> int | None:
    """The number that `text` writes with at most so many ASCII digits; None when it is anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= digits else None
