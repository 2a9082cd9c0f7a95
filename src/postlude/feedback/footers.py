"""Text below a mail's own text: signatures, lines added by programs, disclaimers."""

import re
from collections.abc import Sequence
from functools import cache
from itertools import islice
from typing import Final

from postlude.feedback.languages import any_of, fold_text, listed_words

_EXACT: Final = "-- "
"""RFC 3676, section 4.3: what follows is the signature, however long."""

_DELIMITING: Final = re.compile(r"\n[ \t]*+(?:--|—|–|(_{8,}+))[ \t]*+(?![^\n])")
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
    text = "\n" + "\n".join(rows)
    if "--" not in text and "________" not in text and "—" not in text and "–" not in text:
        return rows
    first = next((at for at, row in enumerate(rows) if row.strip()), len(rows))
    last_rows = _last_filled(rows, _MAX_SIGNATURE)
    at, counted = 0, 0
    for found in _DELIMITING.finditer(text):
        at, counted = at + text.count("\n", counted, found.start()), found.start()
        drawn = bool(found[1])
        few = at >= last_rows[min(_MAX_DRAWN, len(last_rows)) - 1 if drawn else -1]
        if (few and not (drawn and at == first)) or (rows[at] == _EXACT and at > first):
            return rows[:at]
    return rows


def _last_filled(rows: Sequence[str], most: int) -> list[int]:
    """Where the last filled rows are, from the end."""
    filled = (at for at in range(len(rows) - 1, -1, -1) if rows[at].strip())
    return list(islice(filled, most))


@cache
def _programs() -> tuple[tuple[str, ...], tuple[str, ...], re.Pattern[str]]:
    """How such lines begin, how those end that begin with anything, and all of them as a pattern."""
    lines = listed_words("sent_from")
    begin = tuple(line.split("*")[0] for line in lines if not line.startswith("*"))
    end = tuple(line.split("*")[-1] for line in lines if line.startswith("*"))
    return begin, end, re.compile(any_of(lines))


def _without_added(rows: Sequence[str]) -> list[str]:
    """Without lines that a program added (`Sent from my phone`): short, and the end of their paragraph."""
    kept = list(rows)
    at = len(kept) - 1
    while at >= 0:
        row = kept[at]
        if row.strip():
            if _looks_added(row):
                del kept[at]
            elif row[0].isalnum() or not _MARKS.fullmatch(row):
                while at > 0 and kept[at - 1].strip():  # the rest of this paragraph
                    at -= 1
        at -= 1
    return kept


def _may_be_added(row: str) -> bool:
    """Its first or its last word is one that such lines begin or end with."""
    if "[" in row or "]" in row:
        row = row.translate(_BRACKETS)
    words = row.lower().split()
    firsts, lasts = _ends()
    return bool(words) and (words[0].strip(_AROUND) in firsts or words[-1].strip(_AROUND) in lasts)


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
    if not rows or not _may_begin(rows[0], "banner"):
        return rows
    end = next((at for at, row in enumerate(rows) if not row.strip()), len(rows))
    if end == len(rows):
        return rows
    if not _paragraph(rows[:end], 0).startswith(listed_words("banner")):
        return rows
    return _without_blank_ends(rows[end:])
