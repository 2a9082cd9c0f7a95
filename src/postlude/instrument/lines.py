"""Keeps the lines of unencoded parts within 998 octets (RFC 5322 2.1.1), where they were before."""

from itertools import pairwise
from typing import Final

from postlude.instrument.edits import Edit
from postlude.instrument.minter import TOKEN_LENGTH

LONGEST: Final = 998
LONGEST_URL: Final = 900
"""A tracked URL in an unencoded part: it must fit a line with its attribute's name."""
LONGEST_VALUE: Final = LONGEST - 2
"""An attribute's value that fits a line with its quotes."""
_TAG: Final = b"<img "


def size(edit: Edit) -> int:
    """Bytes the edit puts in."""
    return sum(map(len, edit.pieces)) + TOKEN_LENGTH * (len(edit.pieces) - 1)


def newline_of(data: bytes, default: bytes = b"\r\n") -> bytes:
    """The line end of the first line, however long that is; `default` where there is only one line."""
    found = data.find(b"\n")
    if found < 0:
        return default
    return b"\r\n" if data[found - 1 : found] == b"\r" else b"\n"


def fit(data: bytes, edits: list[Edit], attribute_starts: dict[int, int], newline: bytes = b"\r\n") -> list[Edit]:
    """HTML edits with line ends added inside tags: no line gets longer than 998 octets, or than it was.

    `attribute_starts` maps the start of an edited attribute value to the start of its attribute. A value may contain
    line ends, and so may removed text: two lines may become one.
    """
    if _all_fit(data, edits):
        return edits
    return _Fitting(data, edits, attribute_starts, newline_of(data, newline)).fitted()


def _all_fit(data: bytes, edits: list[Edit]) -> bool:
    """Every line that is edited stays short as it is."""
    at = column = 0  # a place in `data`, and the column it has in the result
    for edit in edits:
        end = data.find(b"\n", at, edit.start)
        if end < 0:
            column += edit.start - at
        elif column + _to_line_end(data, at, end) > LONGEST:
            return False
        else:
            column = edit.start - data.rfind(b"\n", end, edit.start) - 1
        column += size(edit)
        if column > LONGEST:
            return False
        at = edit.end
    return column + _behind(data, at, len(data)) <= LONGEST


def _to_line_end(data: bytes, at: int, end: int) -> int:
    """Octets from `at` to the line end whose line feed is at `end`."""
    return end - at - (end > at and data[end - 1 : end] == b"\r")


def _behind(data: bytes, at: int, limit: int) -> int:
    """Octets of the line behind `at`, as far as `limit`."""
    end = data.find(b"\n", at, limit)
    return limit - at if end < 0 else _to_line_end(data, at, end)


class _Fitting:
    """One pass over the edits: a line is broken at the last place before it would grow too long."""

    def __init__(self, data: bytes, edits: list[Edit], attribute_starts: dict[int, int], newline: bytes) -> None:
        self._data: Final = data
        self._edits: Final = edits
        self._attribute_starts: Final = attribute_starts
        self._newline: Final = newline
        self._fitted: Final[list[Edit]] = []
        self._column = 0

    def fitted(self) -> list[Edit]:
        """All edits, with what breaks lines."""
        at = 0
        for edit, behind in zip(self._edits, self._ahead(), strict=True):
            column = self._column
            self._move(at, edit.start)
            if edit.start in self._attribute_starts:
                self._column = column
                self._value(edit, at, behind)
            elif edit.pieces[0].startswith(_TAG):
                self._tag(edit, behind)
            elif self._column + size(edit) + behind > LONGEST:  # lines are joined where something was
                self._break(edit.start, edit.end)
            else:
                self._add(edit)
            at = edit.end
        return self._fitted

    def _ahead(self) -> list[int]:
        """For each edit, the octets behind it up to the next place where its line ends or can be broken."""
        data, edits = self._data, self._edits
        ahead = [_behind(data, edits[-1].end, len(data))] if edits else []
        for following, edit in pairwise(reversed(edits)):
            limit = self._attribute_starts.get(following.start, following.start)
            room = _behind(data, edit.end, limit)
            if room == limit - edit.end and following.start == limit:
                room += len(_TAG) - 1 if following.pieces[0].startswith(_TAG) else size(following) + ahead[-1]
            ahead.append(room)
        return ahead[::-1]

    def _add(self, edit: Edit) -> None:
        self._fitted.append(edit)
        self._column += size(edit)

    def _break(self, start: int, end: int) -> None:
        self._fitted.append(Edit(start, end, (self._newline,)))
        self._column = 0

    def _move(self, at: int, to: int) -> None:
        """Continue from `at` over unchanged bytes."""
        line_start = self._data.rfind(b"\n", at, to) + 1
        self._column = to - line_start if line_start else self._column + to - at

    def _value(self, edit: Edit, at: int, behind: int) -> None:
        """An attribute's value: the line may be broken before the attribute, before the value and behind it."""
        data, attribute = self._data, self._attribute_starts[edit.start]
        before, after = self._quotes(edit)
        grown = size(edit) + after - edit.end
        name = edit.start - attribute
        self._move(at, attribute)
        if name + grown <= LONGEST and b"\n" not in data[attribute:before]:
            if self._column + name + grown > LONGEST:
                self._break(attribute, attribute)
            self._column += name
        else:
            if self._column + _behind(data, attribute, before) > LONGEST:
                self._break(attribute, attribute)
            self._move(attribute, before)
            if self._column + edit.start - before + grown > LONGEST:
                self._break(before, before)  # spaces are allowed there as well (WHATWG HTML 13.2.5.35)
            self._column += edit.start - before
        self._add(edit)
        if self._column + behind > LONGEST:
            self._break(after, after)
            self._column = edit.end - after

    def _quotes(self, edit: Edit) -> tuple[int, int]:
        """Where the value begins and ends with its quotes, if it has them."""
        quote = self._data[edit.end : edit.end + 1]
        quoted = quote in {b'"', b"'"} and self._data[edit.start - 1 : edit.start] == quote
        return edit.start - quoted, edit.end + quoted

    def _tag(self, edit: Edit, behind: int) -> None:
        """An inserted image: line ends in place of its first blank and before its `>`; beside it where all is full."""
        first, *middle, last = edit.pieces
        close = b"/>" if last.endswith(b"/>") else b">"
        inside = size(edit) - len(_TAG) - len(close)
        lead = tail = b""
        if self._column + len(_TAG) + inside > LONGEST:
            if self._column + len(_TAG) - 1 > LONGEST:
                lead = self._newline
            first = lead + _TAG[:-1] + self._newline + first.removeprefix(_TAG)
            self._column = inside
        else:
            self._column += len(_TAG) + inside
        if self._column + len(close) + behind > LONGEST:
            self._column = 0
            close = self._newline + close
        self._column += len(close.strip())
        if self._column + behind > LONGEST:
            tail = self._newline
            self._column = 0
        self._fitted.append(Edit(edit.start, edit.end, (first, *middle, last.rstrip(b"/>") + close + tail)))
