"""Finding addresses in what servers wrote, with all their habits of writing them."""

import re
import sys
from typing import Final

from postlude.model.domain_name import address_key, spellings

ADDRESS: Final = re.compile(
    r"(?:\"[^\"\s@]{1,62}\"|[\w!#$%&'*+/=?^`{|}~.-]{1,64})@(?:\[[0-9a-fA-F:.]+\]|(?:[\w-]{1,63}\.)+[\w-]{2,63})"
)
_ANGLE: Final = re.compile(r"<([^<>]*)>")
_TYPED: Final = re.compile(r"\s*(?:[a-z0-9-]+\s*;|smtp:|mailto:)\s*", re.IGNORECASE)
_LOOSE: Final = re.compile(r"(?:\"[^\"@]{1,62}\"|[^\s<>;,\"()@]+)@[^\s<>;,\"()@]+")
_EMBEDDED: Final = re.compile(r"\\x\{([0-9A-Fa-f]{1,6})\}")


def compared_address(text: str) -> str:
    """The one address in a header or DSN field, as it is compared; empty when there is none."""
    inner = _ANGLE.search(text)
    if inner and "@" in inner[1]:
        text = inner[1]
    found = ADDRESS.search(text)
    return normalised(found[0]) if found else ""


def normalised(address: str) -> str:
    """As it is compared (`address_key`), without what sentences and quoting leave at the ends."""
    address = address.strip().strip("<>()[]{},;:.`'").lower()
    if not (address.startswith('"') and '"@' in address):
        address = address.strip('"')
    return address_key(address.removeprefix("mailto:").removeprefix("smtp:"))


def find_address(address: str, lowered: str, start: int = 0) -> int:
    """Where an address stands in a text in lower case, in either spelling of its domain; -1 when nowhere."""
    return next((at for each in spellings(address) if (at := lowered.find(each, start)) >= 0), -1)


def find_all(text: str) -> list[str]:
    """Every address in a text in order, each once."""
    return list(dict.fromkeys(normalised(match) for match in ADDRESS.findall(text)))


def field(text: str) -> str:
    r"""The address of a DSN field: `rfc822; <a@b.example>`, `utf-8; m\x{FC}ller@b.example` (RFC 6533 section 3).

    The field contains one address, so odd ones (`x@#b.example`, `x@b.c`) are accepted unchanged; empty when there is no
    `@` in it.
    """
    text = _EMBEDDED.sub(_character, _TYPED.sub("", text, count=1))
    inner = _ANGLE.search(text)
    text = inner[1] if inner and "@" in inner[1] else text
    found = ADDRESS.fullmatch(text.strip()) or _LOOSE.search(text)
    return normalised(found[0]) if found else compared_address(text)


def _character(match: re.Match[str]) -> str:
    number = int(match[1], 16)
    return chr(number) if number <= sys.maxunicode else match[0]
