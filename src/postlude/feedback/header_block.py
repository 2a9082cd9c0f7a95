"""The block of From, Sent, To and Subject that mail programs put above a quotation, in whatever language."""

import re
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Final

from postlude.feedback.languages import fold_text, word_set
from postlude.feedback.quote_marks import ADDRESS, DATE, MAX_LINE, TIME, is_rule

_MAX_ROWS: Final = 30
_MAX_CONTINUED: Final = 4
"""Rows that one folded value takes, a long list of recipients."""

_MAX_BLANK: Final = 6
_ENOUGH: Final = 3
_REPEATED: Final = frozenset({"to", "cc", "reply_to"})
_AROUND: Final = " \t>*_|"
_MAX_LABEL: Final = 29
_LABELS_IN_LINE: Final = re.compile(r"(?:^|[\s*])([^\s:：*]{1,14})\*?[:：]\*?(?=\s)")


def header_block(rows: Sequence[str], at: int) -> tuple[int, int] | None:
    """Start and end of a block whose first label is in row `at`, including the rule above it."""
    if not labelled_field(rows[at]):
        return None
    fields, end = _fields(rows, at)
    if end == at + 1:
        return (_with_rule(rows, at), end) if _in_one_line(rows[at]) else None
    return (_with_rule(rows, at), end) if _is_block(fields, "\n".join(rows[at:end])) else None


def labelled_field(row: str) -> str:
    """The header field that a row's label names, empty when it has none."""
    colon = row.find(":", 0, MAX_LINE)
    if not row.isascii() and (wide := row.find("：", 0, MAX_LINE)) >= 0:
        colon = wide if colon < 0 else min(colon, wide)
    if colon < 1:
        return ""
    name = row[:colon].lstrip(_AROUND).rstrip(" \t")
    if name.endswith("*"):  # `*From:*` in bold
        name = name[:-1].rstrip(" \t")
    return _field(name) if 0 < len(name) <= _MAX_LABEL else ""


@lru_cache(maxsize=1024)
def _field(name: str) -> str:
    return _labels().get(fold_text(name), "")


@cache
def _labels() -> dict[str, str]:
    fields = ("reply_to", "subject", "cc", "to", "sent", "from")
    return {label: field for field in fields for label in word_set(field)}


def _fields(rows: Sequence[str], at: int) -> tuple[set[str], int]:
    """The fields from row `at` on, with folded values and blank rows between, and the row behind the last label."""
    fields, last, continued = {labelled_field(rows[at])}, at, 0
    for here in range(at + 1, min(at + _MAX_ROWS, len(rows))):
        field = labelled_field(rows[here])
        if field in fields and field not in _REPEATED:
            break
        if field:
            fields.add(field)
            last, continued = here, 0
        elif rows[here].strip():
            continued += 1
            if continued > _MAX_CONTINUED:
                break
        elif here - last > 1 or not labelled_field(rows[min(here + 1, len(rows) - 1)]):
            break
    return fields, last + 1


def _is_block(fields: set[str], block: str) -> bool:
    """Enough of them, and a date or an address among the values where there are few."""
    told = bool(ADDRESS.search(block) or DATE.search(block) or TIME.search(fold_text(block[: _MAX_ROWS * MAX_LINE])))
    if "from" in fields:
        return len(fields) >= _ENOUGH or (len(fields) > 1 and (told or bool(fields & {"sent", "subject"})))
    return "sent" in fields and bool(fields & {"to", "subject"}) and told


def _in_one_line(row: str) -> bool:
    """`From: Bob Sent: Monday To: Alice Subject: Hello`, as some telephones flatten it."""
    fields = {_labels().get(fold_text(found), "") for found in _LABELS_IN_LINE.findall(row[:MAX_LINE])}
    return {"from", "sent", "subject"} <= fields or {"from", "sent", "to"} <= fields


def _with_rule(rows: Sequence[str], at: int) -> int:
    """The drawn line above a header block belongs to it."""
    above = at - 1
    while above >= 0 and at - above < _MAX_BLANK and not rows[above].strip():
        above -= 1
    return above if above >= 0 and is_rule(rows[above]) else at
