"""A part's body, decoded, and able to take edits in its own transfer encoding."""

from postlude.instrument.base64_body import Base64
from postlude.instrument.reasons import PartReason
from postlude.instrument.transfer import Identity, QuotedPrintable


def open_body(encoding: str, raw: bytes, newline: bytes = b"\r\n") -> Identity | QuotedPrintable | Base64 | PartReason:
    """The body in its transfer encoding, or why it cannot be read; `newline` is the message's, for one of one line."""
    if encoding in {"", "7bit", "8bit", "binary"}:
        return Identity(raw)
    if encoding == "quoted-printable":
        return QuotedPrintable(raw, newline)
    if encoding != "base64":
        return PartReason.UNKNOWN_ENCODING
    try:
        return Base64(raw, newline)
    except ValueError:
        return PartReason.BROKEN_ENCODING
