"""Hits as journal records, packed by hand: the bytes `model.observation.encode` would make (held by a test).

A token's payload is big-endian like msgpack, and the end of a record (user agent, address, headers, facts) is the
same for all hits of one visitor with one header block, so a frequent record is one `%`.
"""

from struct import Struct
from typing import Final

import msgspec

from postlude.model.words import HitFace
from postlude.tokens import Kind

_START: Final = b"\x9c\xa3hit\xcf"  # an array of 12: tag, then `at` as uint64
_UINT64: Final = 0xCF
_MINUS_ONE: Final = b"\xff"
_encode: Final = msgspec.msgpack.Encoder().encode
PIXEL: Final = b"%b%b\xcf%b" + _MINUS_ONE + _encode("GET") + b"%b"
"""A pixel's record from `pixel_start`, scope, copy and `tail`."""
LINK: Final = b"%b%b%b%b%b"
"""A link's record from `start`, `ids`, copy, `end` and `tail`."""
_middle: Final = Struct(">6sQ")


def tail(user_agent: str, address: str, headers: dict[str, str], facts: dict[str, str]) -> bytes:
    """The last four fields."""
    return _encode(user_agent) + _encode(address) + _encode(headers) + _encode(facts)


def start(at: int, face: HitFace) -> bytes:
    """Time and face."""
    return _middle.pack(_START, at) + _encode(face)


def pixel_start(at: int, kind: Kind) -> bytes:
    """Everything in front of the scope."""
    return start(at, HitFace.PIXEL) + bytes((kind, _UINT64))


def ids(payload: bytes) -> bytes:
    """Everything between face and copy, of a verified token's payload."""
    return bytes((payload[1], _UINT64)) + payload[2:10] + bytes((_UINT64,))


def end(position: int, method: str = "GET") -> bytes:
    """What stands between copy and `tail`."""
    return _encode(position) + _encode(method)


def hit(at: int, what: tuple[HitFace, bytes, int], method: str, tail: bytes) -> bytes:
    """The record of any hit: of a face, with a token's payload, on a link position."""
    face, payload, position = what
    return LINK % (start(at, face), ids(payload), payload[10:18], end(position, method), tail)
