"""The line above a quotation with its author and date (`On Monday, Bob wrote:`), in any language and order.

Recognised by evidence: a date or an address, a verb of writing, a colon at the end, quoted rows after it. Every
function examines a few rows only, so that the total is linear in the text.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final

from postlude.feedback.languages import any_of, fold_text, listed_words
from postlude.feedback.quote_marks import ADDRESS, DATE, QUOTED, TIME

_MAX_JOINED: Final = 400
_MAX_ROWS: Final = 6
_MAX_NAME_WORDS: Final = 8
_TWO_NUMBERS: Final = re.compile(r"\d\D+\d")
_NUMBER: Final = re.compile(r"\d+")
_DATED_OR_ADDRESSED: Final = re.compile(r"[\d@]")
"""What every attribution has that does not end in a colon or a drawn line."""

_COLONS: Final = (":", "：")
_BEHIND_COLON: Final = " \t*_>\"'"
_DRAWN: Final = ("--", "-=", "=-", "==")
_AROUND_END: Final = " \t*_\"'"
_MAY_END: Final = (":", "：", ">", "=", "-")
_DATED_ADDRESS: Final = re.compile(
    r"^\W*(?:\d{4}[-/.]\d\d?[-/.]\d\d?|\d\d?[-/.]\d\d?[-/.]\d{4})[^\n]{0,200}<[^<>\n]*@[^<>\n]*>:?$"
)
_DATED_ZONE: Final = re.compile(r"^\W*\d{4}-\d\d-\d\d \d\d:\d\d gmt[+-]\d\d:?\d\d\b", re.IGNORECASE)
_ADDRESS_ENDS: Final = re.compile(r"<[^<>\s]{1,250}@[^<>\s]{1,250}>\W{0,4}$")
_ADDRESS_LAST: Final = re.compile(r"@\S{1,250}[>)\]\"']{0,4},?\s{0,4}$")
_OWN: Final = ("i", "we", "ich", "wir", "je", "j'", "yo", "io", "eu", "jag", "jeg", "ik", "ja", "я")
_OWN_WORDS: Final = re.compile(rf"\b(?:{'|'.join(_OWN)})$")
""""I wrote" does not introduce a quotation."""

_SENTENCE_END: Final = re.compile(r"(?:[^\W\d]{4,20}\.|[!?…。])\W{0,9}$")
_CLOSE: Final = re.compile(r"[\u0e00-\u0e7f\u3040-\u30ff\u4e00-\u9fff]")
"""Scripts that put no spaces between words."""

_MAX_BEHIND_ADDRESS: Final = 8
_ROW_BEGINS_DATED: Final = re.compile(r"(?:\A|\n)\W*\d")
_BETWEEN_WORDS: Final = str.maketrans(dict.fromkeys(",.:;\"'<>*_[]-", " "))
_WORD: Final = re.compile(r"[^\s,.:;\"'<>*_\[\]]+")


def attribution_line(rows: Sequence[str], end: int, begin: int, *, quoted: bool) -> tuple[int, str] | None:
    """The first row of the attribution that ends in row `end`, and the text in that row before it.

    `quoted`: a quoted row follows; without one, only a row that `may_end` an attribution is worth asking about.
    It may be wrapped over several rows: the latest beginning that reads as one is taken, with the rows that open it.
    """
    row = rows[end]
    top = max(begin, end - _MAX_ROWS)
    if not _may_read_as_one("\n".join(rows[top : end + 1]), row, quoted=quoted):
        return None
    joined, first = "", end
    for at in range(end, top - 1, -1):
        piece = rows[at].strip()
        if at != end and (QUOTED.match(rows[at]) or piece.endswith((":", "："))):
            return None
        if len(joined) + len(piece) > _MAX_JOINED or (not piece and not _may_skip(rows, at)):
            return None
        joined, first = f"{piece} {joined}".strip(), at
        if _reads_as_attribution(joined, quoted=quoted):
            break
    else:
        return None
    first = _earlier(rows, first, begin, len(joined))
    lead = _lead(rows[first]) if quoted and first == end else ""
    return first, lead


def _may_read_as_one(near: str, row: str, *, quoted: bool) -> bool:
    """False where nothing that ends in `row` can be one, as told from the rows up to it before they are folded."""
    ends = _ends(row)
    if not _DATED_OR_ADDRESSED.search(near):
        return quoted and (ends or not row.isascii())
    if (ends and quoted) or not near.isascii():
        return True
    if ends or (quoted and _TWO_NUMBERS.search(near)):
        if not _first_words().isdisjoint(near.lower().translate(_BETWEEN_WORDS).split()):
            return True
        if ends and "@" in near and ">" in row[-_MAX_BEHIND_ADDRESS:]:
            return True
    return bool(_ROW_BEGINS_DATED.search(near))


@cache
def _first_words() -> frozenset[str]:
    """Of the verbs of writing, as `_BETWEEN_WORDS` leaves them."""
    return frozenset(word.translate(_BETWEEN_WORDS).split()[0] for word in _verbs()[0])


def may_end(row: str) -> bool:
    """Whether an attribution may end in this row where no quoted row follows."""
    return row.rstrip(_AROUND_END).endswith(_MAY_END) or (not row[:1].isalpha() and bool(_DATED_ZONE.match(row)))


def _may_skip(rows: Sequence[str], at: int) -> bool:
    """A blank row inside an attribution: the one after a date that its name and address follow (`<` alone in a row)."""
    below = rows[at + 1].strip() if at + 1 < len(rows) else ""
    return below.startswith("<") and bool(at and _opens(rows[at - 1]))


def _earlier(rows: Sequence[str], first: int, begin: int, length: int) -> int:
    """Rows above that an attribution is wrapped from: they open one, or hold its address."""
    reached = first
    for at in range(first - 1, max(begin, first - 4) - 1, -1):
        row = rows[at]
        length += len(row)
        if not row.strip() and _may_skip(rows, at):
            continue
        if not row.strip() or QUOTED.match(row) or length > _MAX_JOINED or _SENTENCE_END.search(row):
            break
        if _opens(row):
            return at
        if row.count("<") <= row.count(">") and not ADDRESS.search(row):
            break
        reached = at
    return reached


def _opens(row: str) -> bool:
    """It begins like an attribution: with a date, a word such as `On`, or a name."""
    text = fold_text(row)
    if not _NUMBER.search(text):
        return False
    if DATE.search(text) and TIME.search(text):
        return True
    return bool(
        _opening().match(text) or DATE.match(text.lstrip("*_ ")) or (ADDRESS.search(text) and verb_at(text) >= 0)
    )


@cache
def _opening() -> re.Pattern[str]:
    return re.compile(rf"\W*(?:{any_of(listed_words('opening'))})\W")


@cache
def _verbs() -> tuple[dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Verbs of writing by their first word, and those of scripts that put no spaces between words."""
    close = tuple(word for word in listed_words("wrote") if _CLOSE.search(word))
    spaced: dict[str, tuple[str, ...]] = {}
    for word in listed_words("wrote"):
        if word not in close:
            first = word.split(" ")[0]
            spaced[first] = (*spaced.get(first, ()), word)
    return spaced, close


def verb_at(text: str) -> int:
    """Position of a verb of writing in folded text, -1 when there is none."""
    spaced, close = _verbs()
    if words := _first_words().intersection(text.translate(_BETWEEN_WORDS).split()):
        first = text.rfind(" ", 0, min(map(text.find, words))) + 1
        for found in _WORD.finditer(text, first):
            for verb in spaced.get(found[0].rstrip("-"), ()):
                end = found.start() + len(verb)
                if text.startswith(verb, found.start()) and not text[end : end + 1].isalnum():
                    return found.start()
    return -1 if text.isascii() else max(text.find(verb) for verb in close)


def _reads_as_attribution(joined: str, *, quoted: bool) -> bool:
    """A date or an address together with a verb or a quotation that follows."""
    if "@" not in joined and not _TWO_NUMBERS.search(joined):
        return quoted and (_ends(joined) or not joined.isascii()) and _is_short_opening(fold_text(joined))
    text = fold_text(joined)
    address = "@" in text and bool(ADDRESS.search(text))
    dated = bool(_TWO_NUMBERS.search(text)) and bool(DATE.search(text) or TIME.search(text))
    if not (address or dated):
        return False
    ends = _ends(text)
    wrote = verb_at(text)
    if wrote >= 0:
        if _is_own(text[:wrote]):
            return False
        if (dated and (ends or quoted)) or (address and ends and _is_writer(text[:wrote])):
            return True
    if ends and quoted and (dated or "<" in text) and (address or bool(TIME.search(text))):
        return True
    whole = ends and DATE.search(text) and TIME.search(text) and _ADDRESS_ENDS.search(text)
    return bool(whole or _DATED_ADDRESS.match(text) or _DATED_ZONE.match(text))


def _ends(text: str) -> bool:
    """A colon is the end, or a drawn line."""
    return text.rstrip(_BEHIND_COLON).endswith(_COLONS) or text.rstrip(" \t").endswith(_DRAWN)


def _is_short_opening(text: str) -> bool:
    """`On Tuesday Alice wrote:` right above quoted rows: no date in numbers, but nothing else it could be."""
    if not _ends(text) or not _opening().match(text) or len(text.split()) > _MAX_NAME_WORDS:
        return False
    wrote = verb_at(text)
    return wrote > 0 and not _is_own(text[:wrote])


def _is_own(before: str) -> bool:
    """The author names themselves right before the verb."""
    before = before.rstrip()
    return before.endswith(_OWN) and bool(_OWN_WORDS.search(before))


def _is_writer(text: str) -> bool:
    """Only a name and its address precede the verb."""
    return len(text.split()) <= _MAX_NAME_WORDS and bool(_ADDRESS_LAST.search(text))


def _lead(row: str) -> str:
    """The text in the row before the attribution: `Yes. On Monday, 4 April 2012, Bob wrote:`."""
    for found in _inner_opening().finditer(row):
        before = row[: found.start()].strip(" \t-*_")
        if before and not _NUMBER.search(before) and not ADDRESS.search(before) and DATE.search(row, found.start()):
            return before
    return ""


@cache
def _inner_opening() -> re.Pattern[str]:
    """`On Wed, Apr 4` within a row: the opening word is capitalised and precedes a day or a number."""
    capital = any_of(word.capitalize() for word in listed_words("opening") if word.isascii() and len(word) > 1)
    return re.compile(rf"(?<!\w)(?:{capital})[ \t]+(?:[^\W\d]{{2,10}}[.,]{{0,2}}[ \t]+){{0,2}}\d")
