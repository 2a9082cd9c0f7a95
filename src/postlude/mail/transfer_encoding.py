"""Base64 (RFC 2045 section 6.8) of real mail: cut off, without its padding, with signs that are none of it."""

from base64 import b64decode
from binascii import Error as Base64Error
from typing import Final

_NOT_BASE64: Final = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"))


def decode_base64(data: bytes) -> bytes:
    """What was encoded, as far as it is there; `data` itself where it cannot be read. Never raises."""
    kept = data.translate(None, _NOT_BASE64)
    kept = kept[: len(kept) - (len(kept) % 4 == 1)]
    try:
        return b64decode(kept + b"=" * (-len(kept) % 4))
    except (Base64Error, ValueError):
        return data
