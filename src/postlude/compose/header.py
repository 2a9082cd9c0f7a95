"""Header fields, written so that no value can begin another field (RFC 5322, 2047, 2231)."""

import re
from typing import Final
from urllib.parse import quote

from postlude.compose.errors import TemplateError
from postlude.mail.header_text import LONGEST, encoded_words, folded, mailbox, needs_no_encoding, one_line
from postlude.mail.mailboxes import read_mailboxes
from postlude.model.address import AddressError

_CONTROL: Final = re.compile(r"[\x00-\x20\x7f-\x9f\u2028\u2029]+")
_NAME: Final = re.compile(r"[!-9;-~]+")
_LONGEST_WORD: Final = 900


def unstructured(name: str, text: str) -> bytes:
    """A field of free text such as Subject, with its line end."""
    text = one_line(text)
    if len(name) + 2 + len(text) <= LONGEST and needs_no_encoding(text):
        return f"{name}: {text}\r\n".encode("ascii")
    if needs_no_encoding(text) and max(map(len, text.split(" ")), default=0) < _LONGEST_WORD:
        return folded(f"{name}:", text.split(" "))
    return folded(f"{name}:", encoded_words(text))


def mailboxes(field: str, value: str) -> bytes:
    """A field of addresses from user input: `Shop Äpfel <news@example.org>, b@example.org`."""
    try:
        found = read_mailboxes(value)
    except AddressError as error:
        raise TemplateError(field, 0, str(error)) from error
    return addressed(field, *((each.name, each.spelled) for each in found))


def addressed(field: str, *boxes: tuple[str, str]) -> bytes:
    """A field of addresses, with its line end."""
    words = ", ".join(mailbox(name, address) for name, address in boxes).split(" ")
    return folded(f"{field}:", words)


def plain_field(name: str, value: str) -> bytes:
    """A field whose author knows its form; refused when it would break out of it."""
    if not _NAME.fullmatch(name) or _CONTROL.sub(" ", value) != value:
        raise TemplateError(
            "headers", 0, f"{name!r}: {value!r} is not a valid header field; write name: value, on one line"
        )
    if not needs_no_encoding(value):
        return unstructured(name, value)
    return folded(f"{name}:", value.split(" "))


def parameter(name: str, value: str) -> str:
    """A parameter such as `filename`, in the form of RFC 2231 where it is not plain."""
    if needs_no_encoding(value) and len(value) <= LONGEST - len(name):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'{name}="{escaped}"'
    encoded = quote(value, safe="")
    if len(encoded) <= LONGEST - len(name):
        return f"{name}*=utf-8''{encoded}"
    pieces = _cut(encoded, LONGEST - len(name) - 12)
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
