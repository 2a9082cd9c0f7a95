"""What a person types into a field of addresses: names with any letters, bare addresses, one or many.

`A@B Shop <care@example.org>`, `Müller: Shop <care@example.org>` and `Doe, Alice <alice@example.org>` are one mailbox
each. Header fields of mail are not read here: theirs is the stricter form of RFC 5322.
"""

import re
from contextlib import suppress
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from typing import Final

from postlude.model.address import BIDIRECTIONAL, AddressError, Mailbox, read_mailbox

_ADDRESSED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|<([^<>]*)>|[<>]", re.DOTALL)
_SEPARATOR: Final = re.compile(r"[,;\r\n]")
_LISTED: Final = re.compile(r"\"(?:[^\"\\]|\\.)*\"|\([^()]*\)|([,;\r\n]+)", re.DOTALL)
_COMMENT: Final = re.compile(r"(\S+@\S+)\s*\(([^()]*)\)")
_WORDS: Final = re.compile(r"\S+@\S+(?:\s+\S+@\S+)+")
_BIDI: Final = dict.fromkeys(map(ord, BIDIRECTIONAL))
_SHOWN: Final = 60
_BLANKS: Final = re.compile(r"\s+")


def read_mailboxes(text: str) -> list[Mailbox]:
    """Every mailbox, in the order they were typed; AddressError with the remedy for what is none.

    Addresses are separated by commas, semicolons or line ends; between bare ones blanks are enough.
    """
    found: list[Mailbox] = []
    at = 0
    for match in _ADDRESSED.finditer(text):
        if match[0].startswith('"'):
            continue
        if match[1] is None:
            raise AddressError(f"{_short(text)!r} has an extra bracket", "write it as Name <name@example.com>")
        before, name = _split(text[at : match.start()], first=at == 0)
        found += before
        found.append(Mailbox(_address(match[1]), name))
        at = match.end()
    before, rest = _split(text[at:] + ",", first=at == 0)
    found += before
    if rest:
        raise AddressError(f"{_short(rest)!r} is not an address", "write it as name@example.com")
    if not found:
        raise AddressError("there is no address", "write it as Name <name@example.com>")
    return found


def read_one_mailbox(text: str) -> Mailbox:
    """The one mailbox that was typed; AddressError where there is none, or more than one."""
    found = read_mailboxes(text)
    if len(found) > 1:
        raise AddressError("more than one address", "write one, as Name <name@example.com>")
    return found[0]


def _split(text: str, *, first: bool) -> tuple[list[Mailbox], str]:
    """The bare addresses in `text`, and the name after them, which belongs to the next address.

    A comma ends an address, but may be part of a name: it counts only after an address.
    """
    pieces = _pieces(text)
    if not first:  # behind an address in brackets comes nothing but a separator
        if pieces[0].strip():
            raise AddressError(f"{_short(pieces[0])!r} follows an address", "put a comma between two addresses")
        del pieces[0]
    found: list[Mailbox] = []
    while pieces[:-1] and (not pieces[0].strip() or _looks_bare(pieces[0])):
        found += _bare(pieces.pop(0))
    return found, _name(", ".join(piece.strip() for piece in pieces if piece.strip()))


def _pieces(text: str) -> list[str]:
    """The text cut at its separators, but not inside quotes and comments."""
    pieces, at = [], 0
    for match in _LISTED.finditer(text):
        if match[1]:
            pieces.append(text[at : match.start()])
            at = match.end()
    return [*pieces, text[at:]]


def _looks_bare(piece: str) -> bool:
    piece = piece.strip()
    if _COMMENT.fullmatch(piece) or _WORDS.fullmatch(piece):
        return True
    try:
        read_mailbox(piece)
    except AddressError:
        return False
    return True


def _bare(piece: str) -> list[Mailbox]:
    piece = piece.strip()
    if comment := _COMMENT.fullmatch(piece):
        return [Mailbox(_address(comment[1]), _name(comment[2]))]
    if _WORDS.fullmatch(piece):
        return [Mailbox(_address(word)) for word in piece.split()]
    return [read_mailbox(piece)] if piece else []


def _address(text: str) -> str:
    return read_mailbox(text).spelled


def _name(text: str) -> str:
    """The name as people read it: without its quotes, encoded words (RFC 2047) decoded."""
    name = text.translate(_BIDI).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    if "=?" in name:
        with suppress(HeaderParseError, LookupError, ValueError):
            name = str(make_header(decode_header(name)))
    return _BLANKS.sub(" ", name).strip()


def _short(text: str) -> str:
    text = _BLANKS.sub(" ", text).strip().rstrip(",")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
