"""Marks of a user's own browser: a link that sets the mark (valid for minutes), and the mark itself (for a year).

base64url of `key id (1) | user (8) | until, in seconds (4) | MAC (11)`: 32 characters, bound to its purpose.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from enum import StrEnum
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.tokens.copy_tokens import TO_STANDARD, TO_URL_SAFE
from postlude.tokens.keys import KeyRing

OWN_BROWSER_LENGTH: Final = 32
_MAC: Final = 11
_payload: Final = Struct(">BQI")


class MarkPurpose(StrEnum):
    """One of a purpose never verifies as another."""

    LINK = "l"
    MARK = "m"


class OwnBrowserMarks:
    """Mints and verifies with one key ring. Pure."""

    def __init__(self, ring: KeyRing) -> None:
        self._current = ring.current
        keys = {number: ring.key(number, "browser") for number in ring.ids()}
        self._macs = {number: blake2b(key=key, digest_size=_MAC) for number, key in keys.items() if key is not None}

    def mint(self, purpose: MarkPurpose, user: int, until: int) -> str:
        """32 characters that say who, until a time in microseconds."""
        payload = _payload.pack(self._current, user, until // MICROS_PER_SECOND)
        return b2a_base64(payload + self._mac(purpose, payload), newline=False).translate(TO_URL_SAFE).decode("ascii")

    def read(self, purpose: MarkPurpose, text: bytes, now: int) -> int | None:
        """The user; None for anything that was not minted for this purpose, or is over."""
        if len(text) != OWN_BROWSER_LENGTH:
            return None
        try:
            raw = a2b_base64(text.translate(TO_STANDARD), strict_mode=True)
        except Base64Error:
            return None
        payload, mac = raw[: _payload.size], raw[_payload.size :]
        if len(mac) != _MAC or raw[0] not in self._macs or not compare_digest(self._mac(purpose, payload), mac):
            return None
        _, user, until = _payload.unpack(payload)
        return int(user) if now < until * MICROS_PER_SECOND else None

    def _mac(self, purpose: MarkPurpose, payload: bytes) -> bytes:
        mac = self._macs[payload[0]].copy()
        mac.update(purpose.value.encode() + payload)
        return mac.digest()
