"""What a person types into a field of addresses: names with any letters, bare addresses, one or many.

`A@B Shop <care@example.org>`, `Müller: Shop <care@example.org>` and `Doe, Alice <alice@example.org>` are one mailbox
each. Header fields of mail are not read here: theirs is the stricter form of RFC 5322.
"""

import re
from collections.abc import Iterator
from typing import Final

from postlude.mail.encoded_words import decode_words
from postlude.model.address import BIDIRECTIONAL, AddressError, Mailbox, read_mailbox

_QUOTED: Final = r"\"(?:[^\"\\]|\\.)*+(?P<end>\"|\\?\Z)|"
_ADDRESS: Final = r"<(?P<address>[^<>]*+)>|[<>]"
_LIST: Final = r"\([^()]*+\)|(?P<separator>[,;\r\n]++)"
_ADDRESSED: Final = (re.compile(_QUOTED + _ADDRESS, re.DOTALL), re.compile(_ADDRESS))
_LISTED: Final = (re.compile(_QUOTED + _LIST, re.DOTALL), re.compile(_LIST))
_BIDI: Final = dict.fromkeys(map(ord, BIDIRECTIONAL))
_SHOWN: Final = 60
_BLANKS: Final = re.compile(r"\s++")


def read_mailboxes(text: str) -> list[Mailbox]:
    """Every mailbox, in the order they were typed; AddressError with the remedy for what is none.

    Addresses are separated by commas, semicolons or line ends; between bare ones blanks are enough.
    """
    found: list[Mailbox] = []
    at = 0
    for match in _outside_quotes(_ADDRESSED, text):
        if match["address"] is None:
            raise AddressError(f"{_short(text)!r} has an extra bracket", "write it as Name <name@example.com>")
        before, name = _split(text[at : match.start()], first=at == 0)
        found += before
        found.append(Mailbox(_address(match["address"]), name))
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
    if not first and pieces[0].strip():  # behind an address in brackets comes nothing but a separator
        raise AddressError(f"{_short(pieces[0])!r} follows an address", "put a comma between two addresses")
    found: list[Mailbox] = []
    at = 0 if first else 1
    while at < len(pieces) - 1 and (not pieces[at].strip() or _looks_bare(pieces[at])):
        found += _bare(pieces[at])
        at += 1
    return found, _name(", ".join(piece.strip() for piece in pieces[at:] if piece.strip()))


def _pieces(text: str) -> list[str]:
    """The text cut at its separators, but not inside quotes and comments."""
    pieces, at = [], 0
    for match in _outside_quotes(_LISTED, text):
        if match["separator"]:
            pieces.append(text[at : match.start()])
            at = match.end()
    return [*pieces, text[at:]]


def _outside_quotes(patterns: tuple[re.Pattern[str], re.Pattern[str]], text: str) -> Iterator[re.Match[str]]:
    """The matches that are not within quotes. The first pattern knows quotes, the second does not.

    A quote that is not closed is a character like others, and so is each behind it: none of them is closed either.
    """
    at, pattern = 0, patterns[0]
    while match := pattern.search(text, at):
        at = match.end()
        if not match[0].startswith('"'):
            yield match
        elif match["end"] != '"':
            at, pattern = match.start() + 1, patterns[1]


def _looks_bare(piece: str) -> bool:
    piece = piece.strip()
    if _commented(piece) or _several(piece):
        return True
    try:
        read_mailbox(piece)
    except AddressError:
        return False
    return True


def _bare(piece: str) -> list[Mailbox]:
    piece = piece.strip()
    if commented := _commented(piece):
        return [Mailbox(_address(commented[0]), _name(commented[1]))]
    if words := _several(piece):
        return [Mailbox(_address(word)) for word in words]
    return [read_mailbox(piece)] if piece else []


def _commented(piece: str) -> tuple[str, str] | None:
    """Address and comment of `name@example.com (Name)`."""
    if not piece.endswith(")"):
        return None
    before, bracket, comment = piece[:-1].rpartition("(")
    words = before.split()
    return (words[0], comment) if bracket and ")" not in comment and len(words) == 1 and _has_at(words[0]) else None


def _several(piece: str) -> list[str]:
    """The words of the piece where it has more than one and each has an `@` within."""
    words = piece.split()
    return words if len(words) > 1 and all(map(_has_at, words)) else []


def _has_at(word: str) -> bool:
    return "@" in word[1:-1]


def _address(text: str) -> str:
    return read_mailbox(text).spelled


def _name(text: str) -> str:
    """The name as people read it: without its quotes, encoded words (RFC 2047) decoded."""
    name = text.translate(_BIDI).strip()
    if len(name) > 1 and name[0] == name[-1] == '"':
        name = re.sub(r"\\(.)", r"\1", name[1:-1])
    return _BLANKS.sub(" ", decode_words(name)).strip()


def _short(text: str) -> str:
    text = _BLANKS.sub(" ", text).strip().rstrip(",")
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
