"""Where a quotation begins in the text of a reply: an attribution line, a header block, or a dividing line."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Final, NamedTuple

from postlude.feedback.attribution_line import attribution_line, may_end, verb_at
from postlude.feedback.header_block import header_block, labelled_field
from postlude.feedback.languages import fold_text, listed_words, word_set
from postlude.feedback.quote_marks import MAX_LINE, QUOTED

_DRAWS: Final = frozenset("-=_~*#—–|")
_DIVIDED: Final = re.compile(r"[ \t>*_|]*[-=_~*#—–]{2,}[ \t]*([^-=_~*#—–\s].{0,100})")
_STROKES: Final = "-=_~*#—–|> \t"
_COLONS: Final = (":", "：")
_SIGNATURE: Final = "--"
_MAX_WORDS: Final = 60
"""Characters of a dividing line that draws nothing."""


_MAX_WRAPPED: Final = 24
_MAY_INTRODUCE: Final = re.compile(
    r"\n(?![^\S\n]*+(?:\n|>(?![^\n]{0,22}:[^\S\n]*+(?![^\n]))))"
    r"(?=[^\n]*+(?:(\n(?:[^\S\n]*+\n){0,2}[ \t]*+(?:[>|»]|[A-Za-z]{1,12}+>))"
    r"|(?<=[->=:：])|(?<=[->=*_\"' \t:：][*_\"' \t]))"
    r"|[^\S\n]*+[-=_~*#—–|]"
    r"|[ \t>*_|]*+[^\n:：]{1,32}+[:：](?!//))"
)
"""The line break before a row that draws, begins with a label and a colon, ends like an attribution, or stands above a
quoted one.

No other row introduces a quotation, so only these are looked at. Group 1: a quoted row follows.
"""


class Start(NamedTuple):
    """Rows `first` up to before `after` introduce the quotation; `lead` is the text before it in the first row."""

    first: int
    after: int
    lead: str = ""


def find_start(rows: Sequence[str], begin: int = 0, *, text: str | None = None) -> Start | None:
    """The first introduction of a quotation at or after row `begin`; rows with a quotation mark introduce nothing.

    `text` is what the rows from `begin` on are lines of, where it is at hand.
    """
    text = "\n" + ("\n".join(rows[begin:]) if text is None else text)
    at, place = begin, 0
    for found in _MAY_INTRODUCE.finditer(text):
        at, place = at + text.count("\n", place, found.start()), found.start()
        row = rows[at].strip()
        if not row or row == _SIGNATURE or len(row) > MAX_LINE or (row[0] == ">" and not _is_wrapped_end(row)):
            continue
        colon = ":" in row or "：" in row
        if (row[0] in _DRAWS or row[0] == ">" or (colon and row.rstrip("* \t").endswith(_COLONS))) and _divides(
            rows, at
        ):
            return Start(at, at + 1)
        if colon and (block := header_block(rows, at)):
            return Start(*block)
        quoted = found[1] is not None
        if (quoted or may_end(row)) and (attribution := attribution_line(rows, at, begin, quoted=quoted)):
            return Start(attribution[0], at + 1, attribution[1])
    return None


def _is_wrapped_end(row: str) -> bool:
    """`> wrote:`: the end of an attribution that was wrapped before the bracket around its address."""
    return len(row) <= _MAX_WRAPPED and row.endswith(":") and verb_at(fold_text(row[1:])) >= 0


def _divides(rows: Sequence[str], at: int) -> bool:
    """`-----Original Message-----` in any language; without strokes only before quoted rows or headers."""
    row = rows[at]
    divided = _DIVIDED.match(row) if row.strip(_STROKES) else None
    if divided and fold_text(divided[1]).startswith(_originals()):
        return True
    if divided and row.rstrip().endswith("--") and verb_at(fold_text(divided[1])) > 0:
        return True  # `---- Bob wrote ----`
    if len(row) > _MAX_WORDS or not row.rstrip("* \t").endswith(_COLONS):
        return False
    return fold_text(row.strip("*_ \t")).rstrip(":： ") in word_set("original") and _introduces(rows, at + 1)


@cache
def _originals() -> tuple[str, ...]:
    return listed_words("original")


def _introduces(rows: Sequence[str], at: int) -> bool:
    """Quoted rows or labels follow within a few rows."""
    near = [row for row in rows[at : at + 4] if row.strip()]
    return not near or any(QUOTED.match(row) or labelled_field(row) for row in near[:2])
