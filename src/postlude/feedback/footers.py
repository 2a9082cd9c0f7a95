"""Text below a mail's own text: signatures, lines added by programs, disclaimers."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from postlude.feedback.languages import any_of, fold, words

_DELIMITER: Final = re.compile(r"[ \t]*(?:--|—|–)[ \t]*")
_EXACT: Final = "-- "
"""RFC 3676, section 4.3: what follows is the signature, however long."""

_DRAWN: Final = re.compile(r"[ \t]*_{8,}[ \t]*")
_MARKS: Final = re.compile(r"[\s\u1427*_=~#+—–-]*|[ \t]*\[(?:cid|image):[^\[\]\n]{0,200}\][ \t]*")
_MAX_SIGNATURE: Final = 15
_MAX_DRAWN: Final = 8
_MAX_FOOTER: Final = 120
_MAX_PARAGRAPH: Final = 4_000
_BRACKETS: Final = str.maketrans("[]", "  ")
_AROUND: Final = " \t<>()*_|\"'.!"
_LINK: Final = re.compile(r"\(https?://[^\s()]{0,300}\)|<https?://[^\s<>]{0,300}>|https?://\S{0,300}")


def without_footers(rows: Sequence[str]) -> list[str]:
    """The rows that a person wrote, without what programs and companies put above and below them."""
    kept = _without_banner(_without_signature(list(rows)))
    kept = [row for at, row in enumerate(kept) if not _added(kept, at)]
    while kept and _MARKS.fullmatch(kept[-1]):
        kept.pop()
    while kept and (start := _disclaimer(kept)) is not None:
        del kept[start:]
        while kept and _MARKS.fullmatch(kept[-1]):
            kept.pop()
    return _without_blank_ends(kept)


def _without_blank_ends(rows: list[str]) -> list[str]:
    first = next((at for at, row in enumerate(rows) if row.strip()), len(rows))
    return rows[first:]


def _without_signature(rows: list[str]) -> list[str]:
    """Up to the signature: the delimiter of RFC 3676, or its common misspellings where little follows."""
    filled = sum(1 for row in rows if row.strip())
    seen = 0
    for at, row in enumerate(rows):
        left = filled - seen
        seen += bool(row.strip())
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
    lines = words("sent_from")
    begin = tuple(line.split("*")[0] for line in lines if not line.startswith("*"))
    end = tuple(line.split("*")[-1] for line in lines if line.startswith("*"))
    return begin, end, re.compile(any_of(lines))


def _added(rows: Sequence[str], at: int) -> bool:
    """A line that a program added (`Sent from my phone`): short, and the end of its paragraph."""
    if not _looks_added(rows[at]):
        return False
    below = rows[at + 1] if at + 1 < len(rows) else ""
    return not below.strip() or bool(_MARKS.fullmatch(below)) or _looks_added(below)


def _may_be_added(row: str) -> bool:
    """Its first or its last word is one that such lines begin or end with."""
    found = row.translate(_BRACKETS).split()
    firsts, lasts = _ends()
    return any(word.strip(_AROUND).casefold() in firsts for word in found[:1]) or any(
        word.strip(_AROUND).casefold() in lasts for word in found[-1:]
    )


@cache
def _ends() -> tuple[frozenset[str], frozenset[str]]:
    begin, end, _ = _programs()
    return frozenset(line.split()[0].strip(_AROUND) for line in begin), frozenset(line.split()[-1] for line in end)


def _looks_added(row: str) -> bool:
    if len(row) > _MAX_FOOTER * 3 or not row.strip() or (row.isascii() and not _may_be_added(row)):
        return False
    text = fold(_LINK.sub(" ", row).translate(_BRACKETS)).strip(_AROUND)
    begin, end, whole = _programs()
    if len(text) > _MAX_FOOTER or not (text.startswith(begin) or text.endswith(end)):
        return False
    return bool(whole.fullmatch(text))


def _paragraph(rows: Sequence[str], first: int) -> str:
    return fold("\n".join(rows[first:])[:200]).lstrip("*_>[( ")


def _disclaimer(rows: Sequence[str]) -> int | None:
    """Start of the last paragraph, when it is a company's disclaimer."""
    first = len(rows)
    while first > 0 and rows[first - 1].strip():
        first -= 1
    if first == 0 or sum(map(len, rows[first:])) > _MAX_PARAGRAPH:
        return None
    return first if _paragraph(rows, first).startswith(words("disclaimer")) else None


def _without_banner(rows: list[str]) -> list[str]:
    """The warning that a gateway put above a mail from outside goes, with the rest of its paragraph."""
    rows = _without_blank_ends(rows)
    end = next((at for at, row in enumerate(rows) if not row.strip()), len(rows))
    if end == len(rows) or not _paragraph(rows[:end], 0).startswith(words("banner")):
        return rows
    return _without_blank_ends(rows[end:])
