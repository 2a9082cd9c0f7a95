"""A header block in ASCII, as servers without SMTPUTF8 (RFC 6531) want it: RFC 2047 for text, A-labels for domains."""

from typing import Final

from postlude.mail.address_list import read_address_list
from postlude.mail.header_block import HeaderBlock, HeaderField
from postlude.mail.header_text import encoded_words, folded, mailbox, one_line

_ADDRESSES: Final = frozenset(
    (
        *("from", "sender", "reply-to", "to", "cc", "bcc"),
        *("resent-from", "resent-sender", "resent-reply-to", "resent-to", "resent-cc", "resent-bcc"),
        *("disposition-notification-to", "return-receipt-to", "errors-to"),
    )
)
_LEFT: Final = frozenset(("message-id", "references", "in-reply-to", "content-type", "content-disposition", "received"))
"""Fields with their own syntax, in which encoded words are not allowed."""
_SIGNED: Final = ("dkim-signature", "arc-", "authentication-results")


def with_ascii_header(raw: bytes, head: HeaderBlock) -> bytes:
    """The mail with non-ASCII fields encoded in ASCII; `head` is its header block, every other byte stays.

    A signed mail stays as it is. So does a field with a local part that has no ASCII form: it needs a server with
    SMTPUTF8.
    """
    if raw[: head.end].isascii() or any(field.name.startswith(_SIGNED) for field in head.fields):
        return raw
    out: list[bytes] = []
    at = 0
    for field in head.fields:
        written = raw[field.start : field.end]
        made = None if written.isascii() else _ascii(field, written)
        if made is not None:
            out += (raw[at : field.start], made)
            at = field.end
    return b"".join([*out, raw[at:]])


def needs_smtputf8(raw: bytes) -> bool:
    """The header block has content that only servers with SMTPUTF8 accept."""
    end = raw.find(b"\r\n\r\n")
    return not raw[: end if end >= 0 else len(raw)].isascii()


def _ascii(field: HeaderField, written: bytes) -> bytes | None:
    """The field in ASCII; None when it has no ASCII form."""
    name = written.partition(b":")[0].decode("ascii")
    value = _text(field.value)
    if field.name in _ADDRESSES:
        boxes = read_address_list(value)
        words = ", ".join(mailbox(box.name, box.address) for box in boxes).split(" ")
        usable = boxes and all("@" in box.address for box in boxes)
        return folded(f"{name}:", words) if usable and all(map(str.isascii, words)) else None
    if field.name in _LEFT:
        return None
    return folded(f"{name}:", _words(one_line(value)))


def _text(value: str) -> str:
    """Text of the bytes: UTF-8, else windows-1252 as written by old programs."""
    raw = value.encode("utf-8", "surrogateescape")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _words(text: str) -> list[str]:
    """Words in ASCII as they are, and what stands from the first to the last other one encoded."""
    words = text.split(" ")
    odd = [index for index, word in enumerate(words) if not word.isascii()]
    first, last = odd[0], odd[-1] + 1
    return [*words[:first], *encoded_words(" ".join(words[first:last])), *words[last:]]
