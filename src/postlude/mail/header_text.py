"""Text and mailboxes in header syntax: plain, quoted or encoded (RFC 5322, 2047)."""

import re
from base64 import b64encode
from typing import Final

from postlude.model.domain_name import DomainError, ascii_address

LONGEST: Final = 76
_WORD_BYTES: Final = 45  # `=?utf-8?B?` + 60 characters + `?=`: 72, within the 75 of RFC 2047 2
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_PLAIN: Final = re.compile(r"[ -~]*")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")


def one_line(text: str) -> str:
    """The text without line ends and control characters, which would begin another field."""
    return _CONTROL.sub(" ", text).strip()


def needs_no_encoding(text: str) -> bool:
    """It needs no encoding: printable ASCII that does not look like an encoded word."""
    return bool(_PLAIN.fullmatch(text)) and "=?" not in text


def mailbox(name: str, address: str) -> str:
    """`Name <address>` in header syntax; the name quoted or encoded where necessary.

    The domain is in A-labels, which every server accepts; a non-ASCII local part needs RFC 6531.
    """
    name, address = one_line(name), wire_address(address)
    if not name:
        return address
    if not needs_no_encoding(name):
        return f"{' '.join(encoded_words(name))} <{address}>"
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"


def wire_address(address: str) -> str:
    """The address with its domain in A-labels, where it has some."""
    try:
        return ascii_address(address)
    except DomainError:
        return address


def encoded_words(text: str) -> list[str]:
    """Encoded words (RFC 2047), never cut inside a character."""
    words, piece = [], b""
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(piece) + len(more) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += more
    return [f"=?utf-8?B?{b64encode(each).decode('ascii')}?=" for each in (*words, piece)]


def folded(start: str, words: list[str]) -> bytes:
    """A field that begins with `start`, its words over lines of at most 76 characters where they can be."""
    lines, line = [], start
    for word in words:
        if len(line) + 1 + len(word) > LONGEST and line != start and word:
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line, ""]).encode("utf-8")
