"""What the rows of a reply look like: quoted, drawn, dated, addressed. Shared by all that look for quotations."""

import re
from typing import Final

MAX_LINE: Final = 500
"""No row that introduces a quotation is longer; longer ones are prose."""

QUOTED: Final = re.compile(r"[ \t]*>")
_QUOTED_BELOW: Final = re.compile(r"[ \t]*(?:[>|»]|[A-Za-z]{1,12}>)")

DATE: Final = re.compile(r"\d(?:(?<=1)9\d\d|(?<=2)0\d\d|\d?[./-]\d\d?[./-]\d\d(?!\d))")
TIME: Final = re.compile(r"\d[:.時时h]\d\d|\d ?(?:uhr|[ap]\.?m\b)")
"""In folded text."""

ADDRESS: Final = re.compile(r"[^\s<>()@]@[^\s<>()@]+\.[^\s<>()@.]")
_RULE: Final = re.compile(r"[ \t>*]*[_=~*#+—–-]{5,}[ \t*]*")


def is_quoted_below(row: str) -> bool:
    """Whether a row below an attribution carries a quotation mark: there other marks are marks as well."""
    return (">" in row or "|" in row or "»" in row) and bool(_QUOTED_BELOW.match(row))


def is_rule(row: str) -> bool:
    """A row that only draws a line."""
    return bool(_RULE.fullmatch(row))
