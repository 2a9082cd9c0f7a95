"""Transfer encodings (RFC 2045 6) undone; Base64 as in real mail: cut off, unpadded, with signs that are none of it."""

from base64 import b64decode
from binascii import Error as Base64Error
from binascii import a2b_qp
from typing import Final

_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def decode_body(encoding: str, body: bytes) -> bytes:
    """The body with its transfer encoding (in lower case) undone; what cannot be decoded stays as it is."""
    if encoding == "quoted-printable":
        return a2b_qp(body)
    return decode_base64(body) if encoding == "base64" else body


def decode_base64(data: bytes) -> bytes:
    """What was encoded, as far as it is there; `data` itself where it cannot be read. Never raises."""
    kept = data.translate(None, _NOT_BASE64)
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    try:
        return b64decode(kept + b"=" * (-len(kept) % 4))
    except (Base64Error, ValueError):
        return data
