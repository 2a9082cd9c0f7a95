"""Copy tokens, link MACs and mail tags.

Copy tokens: `copy_tokens`.
Link: `{position}.{MAC}/{percent-encoded destination}`; the MAC (8 bytes) covers kind, scope, position and the decoded
destination, so it is the same for every recipient of a campaign and the redirect needs no look-up.
Mail tag: base32 of `key id (1) | copy (8) | MAC (8)`: 28 lower-case characters, bound to its purpose, for VERP
senders, Reply-To tags, Message-IDs and mailto unsubscribes, inside the 64 octets of a local part (RFC 5321 4.5.3.1.1).
"""

import html
import re
from base64 import b32decode, b32encode, urlsafe_b64encode
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Iterator
from enum import StrEnum
from functools import partial
from hashlib import blake2b
from hmac import compare_digest
from struct import Struct
from typing import Final
from urllib.parse import quote, unquote, unquote_to_bytes

from postlude.tokens.copy_tokens import (
    COPY_BYTES,
    COPY_TOKEN_LENGTH,
    KEY_OF_USE,
    MAC_BYTES,
    PAYLOAD,
    TO_STANDARD,
    TO_URL_SAFE,
    CopyMinter,
    CopyRef,
    CopyTokens,
    Kind,
    copy_macs,
    unpacked,
    verified,
)
from postlude.tokens.keys import KeyRing
from postlude.tokens.own_browser import OwnBrowserMarks

MAIL_TAG_LENGTH: Final = 28
_LINK_MAC: Final = 8
_MAIL_MAC: Final = 8
_HOOK_MAC: Final = 11
_link_head: Final = Struct(">BQI")
_mail_payload: Final = Struct(">BQ")
_PAYLOAD_BYTES: Final = PAYLOAD.size
_DECODED: Final = 3  # times a token may be encoded inside of a URL inside of a URL
_LIST: Final = 3  # in place of a Kind: a confirmation belongs to no copy


class TagPurpose(StrEnum):
    """Purpose of a mail tag; a tag of one purpose never verifies as another."""

    BOUNCE = "b"
    REPLY = "r"
    UNSUBSCRIBE = "u"
    MESSAGE_ID = "m"


class TokenCodec:
    """Mints and verifies with one key ring. Pure; safe to share between threads."""

    def __init__(self, ring: KeyRing) -> None:
        self._ring: Final = ring
        both, self._read, self._act = (
            copy_macs(use, {i: self._must(i, purpose) for i in ring.ids()}) for use, purpose in KEY_OF_USE.items()
        )
        self.verify_read: Final = partial(verified, both | self._read)
        """The 18-byte payload (key id, use and kind, scope, copy; big-endian) of a token that may read, given as bytes;
        None for anything else, act tokens among it. The fast variant of `read_read` for the hot path."""
        self.verify_act: Final = partial(verified, both | self._act)
        """The payload of a token that may act, None for anything else."""
        acting = both | self._act
        begins = sorted({b2a_base64(head + b"\0").translate(TO_URL_SAFE)[:2].decode("ascii") for head in acting})
        rest = COPY_TOKEN_LENGTH - 2
        self._may_act: Final = re.compile(f"(?=((?:{'|'.join(begins)})[A-Za-z0-9_-]{{{rest}}}))", re.ASCII).finditer
        self._link = {i: blake2b(key=self._must(i, "link"), digest_size=_LINK_MAC) for i in ring.ids()}
        self._mail = {i: blake2b(key=self._must(i, "mail"), digest_size=_MAIL_MAC) for i in ring.ids()}
        self._confirm = {i: blake2b(key=self._must(i, "confirm"), digest_size=MAC_BYTES) for i in ring.ids()}
        self.own_browser: Final = OwnBrowserMarks(ring)
        """Marks of users' own browsers."""
        self._hook = {i: blake2b(key=self._must(i, "hook"), digest_size=_HOOK_MAC) for i in ring.ids()}

    def __reduce__(self) -> tuple[type["TokenCodec"], tuple[KeyRing]]:
        """For a child process that makes what this one would."""
        return TokenCodec, (self._ring,)

    def _must(self, key_id: int, purpose: str) -> bytes:
        key = self._ring.key(key_id, purpose)
        assert key is not None
        return key

    def minter(self, kind: Kind, scope: int) -> CopyMinter:
        """Mints the tokens of one message's or campaign's copies."""
        return CopyMinter(self._ring.current, (kind, scope), self._read | self._act)

    def mint_copy(self, kind: Kind, scope: int, copy: int) -> CopyTokens:
        """Return the two tokens of one copy."""
        return self.minter(kind, scope).tokens(copy)

    def read_read(self, text: str | bytes) -> CopyRef | None:
        """Verify the token of a pixel or link; None for anything that was not minted as one with a key of the ring."""
        payload = self.verify_read(_as_bytes(text))
        return None if payload is None else unpacked(payload)

    def read_act(self, text: str | bytes) -> CopyRef | None:
        """Verify the token of a page; None for anything that was not minted as one with a key of the ring."""
        payload = self.verify_act(_as_bytes(text))
        return None if payload is None else unpacked(payload)

    def find_acting(self, url: str) -> Iterator[tuple[str, CopyRef]]:
        """Every token in `url` that may act, whatever stands around it or however often it is encoded."""
        for _ in range(_DECODED):
            for found in self._may_act(url):
                if (ref := self.read_act(found[1])) is not None:
                    yield found[1], ref
            before, url = url, unquote(url)
            if url == before:
                return

    def link_mac(self, key_id: int, kind: Kind, scope: int, position: int, url: str) -> str:
        """The 11-character MAC of one link; KeyError when the key is not in the ring."""
        mac = self._link[key_id].copy()
        mac.update(_link_head.pack(kind, scope, position) + url.encode("utf-8", "surrogatepass"))
        return b2a_base64(mac.digest(), newline=False).translate(TO_URL_SAFE, b"=").decode("ascii")

    def link_tail(self, kind: Kind, scope: int, position: int, url: str) -> str:
        """A link's path after the copy token, without the leading slash."""
        mac = self.link_mac(self._ring.current, kind, scope, position, url)
        return f"{position}.{mac}/{_quoted(url)}"

    def read_link(self, ref: CopyRef, position: int, mac: str, encoded: str | bytes) -> str | None:
        """The destination that was signed, from what arrived; None when it is not the one that was signed.

        Tries what mail gateways and readers do to URLs: encoding them again, decoding them, `&amp;`, and
        punctuation glued to the end. The MAC decides which reading is the right one.
        """
        for url in _readings(encoded):
            try:
                expected = self.link_mac(ref.key_id, ref.kind, ref.scope, position, url)
            except (KeyError, UnicodeEncodeError):
                return None
            if compare_digest(expected.encode(), mac.encode("utf-8", "replace")):
                return url
        return None

    def mint_tag(self, purpose: TagPurpose, copy: int) -> str:
        """Return the 28-character lower-case tag of one copy for one purpose."""
        payload = _mail_payload.pack(self._ring.current, copy)
        mac = self._mail[self._ring.current].copy()
        mac.update(purpose.value.encode() + payload)
        return _base32(payload + mac.digest())

    def read_tag(self, purpose: TagPurpose, text: str) -> int | None:
        """Copy id of a verified tag (upper or lower case), else None; a tag has no other spelling."""
        if len(text) != MAIL_TAG_LENGTH:
            return None
        try:
            raw = b32decode(text.upper() + "====")
        except (Base64Error, ValueError):
            return None
        if _base32(raw) != text.lower():  # the last character has four bits to spare
            return None
        base = self._mail.get(raw[0])
        if base is None:
            return None
        mac = base.copy()
        mac.update(purpose.value.encode() + raw[: _mail_payload.size])
        if not compare_digest(mac.digest(), raw[_mail_payload.size :]):
            return None
        copy: int = _mail_payload.unpack_from(raw)[1]
        return copy

    def mint_confirm(self, list_id: int, contact: int) -> str:
        """Return the 36-character token that confirms one contact's subscription to one list."""
        payload = PAYLOAD.pack(self._ring.current, _LIST, list_id, contact)
        mac = self._confirm[self._ring.current].copy()
        mac.update(payload)
        return urlsafe_b64encode(payload + mac.digest()).decode("ascii")

    def verify_confirm(self, text: bytes) -> bytes | None:
        """The 18-byte payload (key id, 3, list, contact; big-endian) of a genuine confirmation token."""
        if len(text) != COPY_TOKEN_LENGTH:
            return None
        try:
            raw = a2b_base64(text.translate(TO_STANDARD), strict_mode=True)
        except Base64Error:
            return None
        base = self._confirm.get(raw[0])
        if base is None or len(raw) != COPY_BYTES:
            return None
        mac = base.copy()
        mac.update(raw[:_PAYLOAD_BYTES])
        return raw[:_PAYLOAD_BYTES] if compare_digest(mac.digest(), raw[_PAYLOAD_BYTES:]) else None

    def mint_hook(self, provider: str, key_id: int | None = None) -> str:
        """Return the 16-character secret of the path a provider calls."""
        key_id = self._ring.current if key_id is None else key_id
        mac = self._hook[key_id].copy()
        mac.update(provider.encode())
        return urlsafe_b64encode(bytes((key_id,)) + mac.digest()).decode("ascii")

    def verify_hook(self, provider: str, text: bytes) -> bool:
        """Whether `text` is the secret of this provider's path, minted with any key of the ring."""
        return any(compare_digest(self.mint_hook(provider, key_id).encode(), text) for key_id in self._hook)


def _base32(raw: bytes) -> str:
    return b32encode(raw).rstrip(b"=").decode("ascii").lower()


_EVERYDAY: Final = re.compile(r"[A-Za-z0-9_.~:/?&=%#+-]*+").fullmatch


def _quoted(url: str) -> str:
    """`quote(url, safe="")`, four times as fast for the URLs most mail holds."""
    if not _EVERYDAY(url):
        return quote(url, safe="")
    url = url.replace("%", "%25").replace(":", "%3A").replace("/", "%2F").replace("?", "%3F").replace("&", "%26")
    return url.replace("=", "%3D").replace("#", "%23").replace("+", "%2B")


def _as_bytes(text: str | bytes) -> bytes:
    return text if isinstance(text, bytes) else text.encode("utf-8", "replace")


_TRAILING: Final = re.compile(r"[.,;:!?)\]>'\"]+$")


def _readings(encoded: str | bytes) -> Iterator[str]:
    """Spellings of the destination, most likely first: decoded once, twice, as it is, then mended ones."""
    raw = _as_bytes(encoded)
    once = unquote_to_bytes(raw)
    seen: set[str] = set()
    for candidate in (once, unquote_to_bytes(once), raw):
        text = candidate.decode("utf-8", "surrogateescape")
        for reading in (text, text.replace("&amp;", "&"), html.unescape(text)):
            for mended in (reading, _TRAILING.sub("", reading), reading[:-1]):
                if mended and mended not in seen:
                    seen.add(mended)
                    yield mended
