"""Finding addresses in what servers wrote, with all their habits of writing them."""

import re
from typing import Final

ADDRESS: Final = re.compile(
    r"(?:\"[^\"\s@]{1,62}\"|[\w!#$%&'*+/=?^`{|}~.-]{1,64})@(?:\[[0-9a-fA-F:.]+\]|(?:[\w-]{1,63}\.)+[\w-]{2,63})"
)
_ANGLE: Final = re.compile(r"<([^<>]*)>")
_GROUPED: Final = re.compile(r"(?:[a-z]+;|rfc822;|smtp:|mailto:)\s*", re.IGNORECASE)


def clean(text: str) -> str:
    """The one address in a header or DSN field, lower-cased; empty when there is none."""
    inner = _ANGLE.search(text)
    if inner and "@" in inner[1]:
        text = inner[1]
    found = ADDRESS.search(text)
    return tidy(found[0]) if found else ""


def tidy(address: str) -> str:
    """Lower case, without what sentences and quoting leave at the ends."""
    address = address.strip().strip("<>()[]{},;:.`'").lower()
    if not (address.startswith('"') and '"@' in address):
        address = address.strip('"')
    return address.removeprefix("mailto:").removeprefix("smtp:")


def find_all(text: str) -> list[str]:
    """Every address in a text in order, each once."""
    return list(dict.fromkeys(tidy(match) for match in ADDRESS.findall(text)))


def field(text: str) -> str:
    """The address of a DSN field such as `rfc822; <a@b.example>`; empty when it holds none."""
    return clean(_GROUPED.sub("", text, count=1))
