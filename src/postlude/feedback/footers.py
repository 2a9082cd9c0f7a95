"""Text below a mail's own text: signatures, lines added by programs, disclaimers."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from postlude.feedback.languages import any_of, fold_text, listed_words

_DELIMITER: Final = re.compile(r"[ \t]*(?:--|—|–)[ \t]*")
_EXACT: Final = "-- "
"""RFC 3676, section 4.3: what follows is the signature, however long."""

_STROKES: Final = frozenset("-—–_")
_DELIMITERS: Final = ("--", "—", "–", "________")
"""One of these is in every row that delimits a signature."""

_DRAWN: Final = re.compile(r"[ \t]*_{8,}[ \t]*")
_MARKS: Final = re.compile(r"[\s\u1427*_=~#+—–-]*|[ \t]*\[(?:cid|image):[^\[\]\n]{0,200}\][ \t]*")
_MAX_SIGNATURE: Final = 15
_MAX_DRAWN: Final = 8
_MAX_FOOTER: Final = 120
_MAX_PARAGRAPH: Final = 4_000
_MAX_BEGUN: Final = 200
"""Rows of a paragraph's beginning, which may be one letter each."""

_BEGUN: Final = 2
_BRACKETS: Final = str.maketrans("[]", "  ")
_AROUND: Final = " \t<>()*_|\"'.!"
_LINK: Final = re.compile(r"\(https?://[^\s()]{0,300}\)|<https?://[^\s<>]{0,300}>|https?://\S{0,300}")


def without_footers(rows: Sequence[str]) -> list[str]:
    """The rows that a person wrote, without what programs and companies put above and below them."""
    kept = _without_banner(_without_signature(list(rows)))
    kept = _without_added(kept)
    while kept and _MARKS.fullmatch(kept[-1]):
        kept.pop()
    while kept and (start := _disclaimer(kept)) is not None:
        del kept[start:]
        while kept and _MARKS.fullmatch(kept[-1]):
            kept.pop()
    return _without_blank_ends(kept)


def _without_blank_ends(rows: list[str]) -> list[str]:
    if not rows or rows[0].strip():
        return rows
    return rows[next((at for at, row in enumerate(rows) if row.strip()), len(rows)) :]


def _without_signature(rows: list[str]) -> list[str]:
    """Up to the signature: the delimiter of RFC 3676, or its common misspellings where little follows."""
    text = "\n".join(rows)
    if not any(mark in text for mark in _DELIMITERS):
        return rows
    filled = sum(1 for row in rows if row.strip())
    seen = 0
    for at, row in enumerate(rows):
        left = filled - seen
        if not (drawn := row.strip()):
            continue
        seen += 1
        if drawn[0] not in _STROKES:
            continue
        if row == _EXACT and (seen > 1 or left <= _MAX_SIGNATURE):
            return rows[:at]
        if _DELIMITER.fullmatch(row) and left <= _MAX_SIGNATURE:
            return rows[:at]
        if _DRAWN.fullmatch(row) and left <= _MAX_DRAWN and seen > 1:
            return rows[:at]
    return rows


@cache
def _programs() -> tuple[tuple[str, ...], tuple[str, ...], re.Pattern[str]]:
    """How such lines begin, how those end that begin with anything, and all of them as a pattern."""
    lines = listed_words("sent_from")
    begin = tuple(line.split("*")[0] for line in lines if not line.startswith("*"))
    end = tuple(line.split("*")[-1] for line in lines if line.startswith("*"))
    return begin, end, re.compile(any_of(lines))


def _without_added(rows: Sequence[str]) -> list[str]:
    """Without lines that a program added (`Sent from my phone`): short, and the end of their paragraph."""
    kept: list[str] = []
    ends = True
    for row in reversed(rows):
        filled = bool(row) and not row.isspace()
        added = ends and filled and _looks_added(row)
        if not added:
            kept.append(row)
        ends = added or not filled or (not row[0].isalnum() and bool(_MARKS.fullmatch(row)))
    return kept[::-1]


def _may_be_added(row: str) -> bool:
    """Its first or its last word is one that such lines begin or end with."""
    if "[" in row or "]" in row:
        row = row.translate(_BRACKETS)
    first, last = row.split(None, 1)[:1], row.rsplit(None, 1)[-1:]
    firsts, lasts = _ends()
    return bool(first) and (first[0].strip(_AROUND).casefold() in firsts or last[0].strip(_AROUND).casefold() in lasts)


@cache
def _ends() -> tuple[frozenset[str], frozenset[str]]:
    begin, end, _ = _programs()
    return frozenset(line.split()[0].strip(_AROUND) for line in begin), frozenset(line.split()[-1] for line in end)


@cache
def _initials() -> frozenset[str]:
    return frozenset(line[0] for line in _programs()[0])


def _looks_added(row: str) -> bool:
    if len(row) > _MAX_FOOTER * 3 or not row.strip() or (row.isascii() and not _may_be_added(row)):
        return False
    text = fold_text((_LINK.sub(" ", row) if "http" in row else row).translate(_BRACKETS)).strip(_AROUND)
    begin, end, whole = _programs()
    if len(text) > _MAX_FOOTER:
        return False
    if not ((text[:1] in _initials() and text.startswith(begin)) or text.endswith(end)):
        return False
    return bool(whole.fullmatch(text))


def _paragraph(rows: Sequence[str], first: int) -> str:
    return fold_text("\n".join(rows[first : first + _MAX_BEGUN])[:200]).lstrip("*_>[( ")


def _may_begin(row: str, field: str) -> bool:
    """Whether the first word in plain letters is one that such paragraphs begin with."""
    word = row.lstrip(" \t*_>[(").split(None, 1)[:1]
    return not word or not word[0].isascii() or word[0].casefold().startswith(_beginnings(field))


@cache
def _beginnings(field: str) -> tuple[str, ...]:
    """The first letters of the paragraphs of a field."""
    return tuple({phrase[:_BEGUN] for phrase in listed_words(field) if phrase.isascii()})


def _disclaimer(rows: Sequence[str]) -> int | None:
    """Start of the last paragraph, when it is a company's disclaimer."""
    first = len(rows)
    while first > 0 and rows[first - 1].strip():
        first -= 1
    if first == 0 or sum(map(len, rows[first:])) > _MAX_PARAGRAPH:
        return None
    if not _may_begin(rows[first], "disclaimer"):
        return None
    return first if _paragraph(rows, first).startswith(listed_words("disclaimer")) else None


def _without_banner(rows: list[str]) -> list[str]:
    """The warning that a gateway put above a mail from outside goes, with the rest of its paragraph."""
    rows = _without_blank_ends(rows)
    end = next((at for at, row in enumerate(rows) if not row.strip()), len(rows))
    if end == len(rows) or not _may_begin(rows[0], "banner"):
        return rows
    if not _paragraph(rows[:end], 0).startswith(listed_words("banner")):
        return rows
    return _without_blank_ends(rows[end:])
