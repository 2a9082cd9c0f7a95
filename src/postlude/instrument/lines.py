"""Keeps the lines of unencoded parts within 998 octets (RFC 5322 2.1.1), where they were before."""

from typing import Final

from postlude.instrument.edits import Edit
from postlude.instrument.minter import TOKEN_LENGTH

LONGEST: Final = 998
LONGEST_URL: Final = 900
"""A tracked URL in an unencoded part: it must fit a line with its attribute's name."""


def size(edit: Edit) -> int:
    """Bytes the edit puts in."""
    return sum(map(len, edit.pieces)) + TOKEN_LENGTH * (len(edit.pieces) - 1)


def newline_of(data: bytes) -> bytes:
    """The line end this part uses."""
    found = data.find(b"\n")
    return b"\n" if found > 0 and data[found - 1 : found] != b"\r" else b"\r\n"


def fit(data: bytes, edits: list[Edit], attribute_starts: dict[int, int]) -> list[Edit]:
    """HTML edits with line ends added inside tags, where a line would grow too long.

    `attribute_starts` tells for the start of an edited attribute value where its attribute begins.
    """
    fitted: list[Edit] = []
    at = column = 0  # a place in `data`, and the column it has in the result
    newline = newline_of(data)
    for index, edit in enumerate(edits):
        line_start = data.rfind(b"\n", at, edit.start) + 1
        column = edit.start - line_start if line_start else column + edit.start - at
        line_end = data.find(b"\n", edit.end)
        line_end = len(data) if line_end < 0 else line_end
        following = edits[index + 1].start if index + 1 < len(edits) else len(data)
        behind = min(line_end, following) - edit.end
        grown = size(edit)
        if column + grown + behind <= LONGEST or _was_long(data, edit):
            fitted.append(edit)
            column += grown
        elif edit.start in attribute_starts:
            attribute = attribute_starts[edit.start]
            fitted += (Edit(attribute, attribute, (newline,)), edit)
            column = edit.start - attribute + grown
            if column + behind > LONGEST:
                after = _after_value(data, edit)
                fitted.append(Edit(after, after, (newline,)))
                column = edit.end - after
        else:
            fitted.append(_break_tag(edit, newline))
            column = 1
        at = edit.end
    return fitted


def _was_long(data: bytes, edit: Edit) -> bool:
    """The line was too long before we came."""
    start = data.rfind(b"\n", max(0, edit.start - LONGEST), edit.start)
    end = data.find(b"\n", edit.end, edit.end + LONGEST)
    start = max(0, edit.start - LONGEST) if start < 0 else start
    end = min(len(data), edit.end + LONGEST) if end < 0 else end
    return end - start > LONGEST + 2


def _after_value(data: bytes, edit: Edit) -> int:
    """Behind the attribute's value, with its closing quote."""
    quote = data[edit.end : edit.end + 1]
    return edit.end + 1 if quote in {b'"', b"'"} and data[edit.start - 1 : edit.start] == quote else edit.end


def _break_tag(edit: Edit, newline: bytes) -> Edit:
    """An inserted tag with line ends in place of its first blank and before its `>`."""
    first, *rest = edit.pieces
    first = first.replace(b"<img ", b"<img" + newline, 1)
    if rest:
        rest[-1] = rest[-1].removesuffix(b">") + newline + b">"
    return Edit(edit.start, edit.end, (first, *rest))
