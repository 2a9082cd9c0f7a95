"""The new text of a reply, apart from what it quotes, its signature and what programs added.

All text of the author stays: above, between and below the quotation. In doubt, more text stays rather than less.
"""

import re
from collections.abc import Sequence
from typing import Final

from postlude.feedback.footers import without_footers
from postlude.feedback.html_text import text_of_html
from postlude.feedback.mime import ReturnedPart
from postlude.feedback.quote_marks import QUOTED, is_quoted_below
from postlude.feedback.quote_start import Start, find_start

MAX_TEXT: Final = 20_000
MAX_READ: Final = 5 * MAX_TEXT
"""Characters of a reply's plain text that are looked at."""

MAX_HTML: Final = 400_000
_INVISIBLE: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\u00ad]")
_IS_HTML: Final = re.compile(
    r"\s*<(?:!doctype html|html|head|body|div|p|br|table|span|meta|style)\b[^<>]*>", re.IGNORECASE
)
_BLANK_ROWS: Final = re.compile(r"\n{3,}")
_WRAPPED_FROM: Final = 60
_LINK: Final = re.compile(r"\s*[(<\[]?https?://\S+\s*>?\s*$")
_GOES_ON: Final = re.compile(r"\s*(?:[^\W\d_A-Z]|[,.;:)\]/?&=#%]|<?https?://|<\w)")


def new_text(root: ReturnedPart) -> str:
    """The new text of a reply, without quotation, signature and mobile footer; empty when there is none."""
    plain, rich = _bodies(root)
    if plain.strip() and not _IS_HTML.match(plain):
        return strip_quote(plain[:MAX_READ])[:MAX_TEXT]
    return strip_quote(text_of_html((rich or plain)[:MAX_HTML])[:MAX_READ])[:MAX_TEXT]


def _bodies(root: ReturnedPart) -> tuple[str, str]:
    """The first plain and the first HTML text that is not an attachment."""
    plain = rich = None
    for part in root.walk():
        if part.parts or part.get("content-disposition").lower().startswith("attachment"):
            continue
        if part.type == "text/plain" and not (plain and plain.strip()):
            plain = part.text()
        elif part.type == "text/html" and rich is None:
            rich = part.text()
    return plain or "", rich or ""


def strip_quote(text: str) -> str:
    """The text above, between and below quoted lines, without what introduces them."""
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    if not text.isascii():
        text = _INVISIBLE.sub("", text.replace("\u00a0", " "))
    rows = text.split("\n")
    start = find_start(rows, text=text)
    if start is None:
        return _joined(without_footers(_unquoted(rows)))
    above = without_footers([*_unquoted(rows[: start.first]), *([start.lead] if start.lead else [])])
    below = _answer_below(rows, start, alone=not any(row.strip() for row in above))
    return _joined([*above, "", *below] if above and below else [*above, *below])


def _joined(rows: Sequence[str]) -> str:
    text = "\n".join([row.rstrip() for row in rows])
    return (_BLANK_ROWS.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n").rstrip()


def _unquoted(rows: Sequence[str]) -> list[str]:
    return [row for row in rows if ">" not in row or not QUOTED.match(row) or row.rstrip().endswith("<<")]


def _answer_below(rows: Sequence[str], start: Start, *, alone: bool) -> list[str]:
    """What was written between and below quoted lines. `alone`: nothing was written above."""
    if _is_quoted_after(rows, start.after):
        return without_footers(_between(rows, start.after))
    if not alone:
        return []
    # The quotation is not marked: the answer may be inside it, and showing both is better than showing none.
    following = find_start(rows, start.after)
    while following and not _is_quoted_after(rows, following.after) and _is_blank(rows, start.after, following.first):
        start, following = following, find_start(rows, following.after)
    if following is None:
        return without_footers(_unquoted(rows[start.after :]))
    before = _unquoted(rows[start.after : following.first])
    after = _between(rows, following.after) if _is_quoted_after(rows, following.after) else []
    return without_footers([*before, "", *after])


def _is_blank(rows: Sequence[str], begin: int, end: int) -> bool:
    return not any(row.strip() for row in rows[begin:end])


def _is_quoted_after(rows: Sequence[str], at: int) -> bool:
    """The first row with anything in it carries a quotation mark."""
    while at < len(rows) and not rows[at].strip():
        at += 1
    return at < len(rows) and is_quoted_below(rows[at])


def _between(rows: Sequence[str], at: int) -> list[str]:
    """Rows without a quotation mark, up to a further quotation that has none; a wrapped quoted row's end is quoted."""
    if all(is_quoted_below(row) or not row.strip() for row in rows[at:]):
        return []
    found: list[str] = []
    quoted = ""
    following = find_start(rows, at)
    while at < len(rows):
        if following and at == following.first:
            found += [following.lead] if following.lead else []
            at = following.after
            if not _is_quoted_after(rows, at):
                break
            following = find_start(rows, at)
            continue
        row = rows[at]
        if is_quoted_below(row):
            quoted = row
        else:
            if not (quoted and _is_wrapped_end(quoted, row)):
                found.append(row)
            quoted = ""
        at += 1
    return found


def _is_wrapped_end(quoted: str, row: str) -> bool:
    """The row is the end of the quoted row before it, which a program wrapped without marking it again."""
    return bool(_LINK.match(row)) or (len(quoted.rstrip()) >= _WRAPPED_FROM and bool(_GOES_ON.match(row)))
