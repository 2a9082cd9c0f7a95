"""Header fields, written so that nothing given can begin a field of its own (RFC 5322, 2047, 2231)."""

import re
from base64 import b64encode
from email.utils import getaddresses
from typing import Final
from urllib.parse import quote

from postlude.compose.errors import TemplateError

_LONGEST: Final = 76
_WORD_BYTES: Final = 45  # `=?utf-8?B?` + 60 characters + `?=`: 72, within the 75 of RFC 2047 2
_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_PLAIN: Final = re.compile(r"[ -~]*")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_NAME: Final = re.compile(r"[!-9;-~]+")
_LONGEST_WORD: Final = 900


def one_line(text: str) -> str:
    """The text without line ends and control characters, which would begin another field."""
    return _CONTROL.sub(" ", text).strip()


def unstructured(name: str, text: str) -> bytes:
    """A field of free text such as Subject, with its line end."""
    text = one_line(text)
    if len(name) + 2 + len(text) <= _LONGEST and _is_plain(text):
        return f"{name}: {text}\r\n".encode("ascii")
    if _is_plain(text) and max(map(len, text.split(" ")), default=0) < _LONGEST_WORD:
        return _folded(f"{name}:", text.split(" "))
    return _folded(f"{name}:", _words(text))


def mailbox(name: str, address: str) -> str:
    """`Name <address>`, as it stands in a field; the name quoted or encoded where it must be."""
    name = one_line(name)
    if not name:
        return address
    if not _is_plain(name):
        return f"{' '.join(_words(name))} <{address}>"
    if not _ATOMS.fullmatch(name):
        escaped = name.replace("\\", "\\\\").replace('"', '\\"')
        name = f'"{escaped}"'
    return f"{name} <{address}>"


def mailboxes(field: str, value: str) -> bytes:
    """A field of addresses from what somebody typed: `Shop Äpfel <news@example.org>, b@example.org`."""
    found = [(name, address) for name, address in getaddresses([one_line(value)]) if address]
    if not found or any("@" not in address for _, address in found):
        raise TemplateError(field, 0, f"{value!r} is no address; write Name <name@example.org>")
    return addressed(field, *found)


def addressed(field: str, *boxes: tuple[str, str]) -> bytes:
    """A field of addresses, with its line end."""
    words = ", ".join(mailbox(name, address) for name, address in boxes).split(" ")
    return _folded(f"{field}:", words)


def plain(name: str, value: str) -> bytes:
    """A field whose author knows its form; refused when it would break out of it."""
    if not _NAME.fullmatch(name) or _CONTROL.sub(" ", value) != value:
        raise TemplateError("headers", 0, f"{name!r}: {value!r} is no header field; name: value, on one line")
    if not _is_plain(value):
        return unstructured(name, value)
    return _folded(f"{name}:", value.split(" "))


def _is_plain(text: str) -> bool:
    return bool(_PLAIN.fullmatch(text)) and "=?" not in text


def _folded(start: str, words: list[str]) -> bytes:
    lines, line = [], start
    for word in words:
        if len(line) + 1 + len(word) > _LONGEST and line != start and word:
            lines.append(line)
            line = ""
        line += " " + word
    return "\r\n".join([*lines, line, ""]).encode("utf-8")


def _words(text: str) -> list[str]:
    """Encoded words (RFC 2047), never cut inside a character."""
    words, piece = [], b""
    for character in text:
        more = character.encode("utf-8", "replace")
        if len(piece) + len(more) > _WORD_BYTES:
            words.append(piece)
            piece = b""
        piece += more
    return [f"=?utf-8?B?{b64encode(each).decode('ascii')}?=" for each in (*words, piece)]


def parameter(name: str, value: str) -> str:
    """A parameter such as `filename`, in the form of RFC 2231 where it is not plain."""
    if _is_plain(value) and len(value) <= _LONGEST - len(name):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}="{escaped}"'
    encoded = quote(value, safe="")
    if len(encoded) <= _LONGEST - len(name):
        return f"{name}*=utf-8''{encoded}"
    pieces = _cut(encoded, _LONGEST - len(name) - 12)
    pieces[0] = "utf-8''" + pieces[0]
    return ";\r\n ".join(f"{name}*{index}*={piece}" for index, piece in enumerate(pieces))


def _cut(encoded: str, size: int) -> list[str]:
    """Pieces of at most `size`, none of which ends inside `%XX`."""
    pieces = []
    while len(encoded) > size:
        cut = encoded.rfind("%", size - 2, size)
        cut = size if cut < 0 else cut
        pieces.append(encoded[:cut])
        encoded = encoded[cut:]
    return [*pieces, encoded]
