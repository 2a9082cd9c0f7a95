"""Hits as journal records, packed by hand: the bytes `model.observation.encode` would make (held by a test).

A token's payload is big-endian like msgpack, and the end of a record (user agent, address, headers, facts) is the
same for all hits of one visitor with one header block, so a record is one `pack` and one join.
"""

from struct import Struct
from typing import Final

import msgspec

from postlude.model.words import HitFace

_START: Final = b"\x9c\xa3hit\xcf"  # an array of 12: tag, then `at` as uint64
_UINT64: Final = 0xCF
_MINUS_ONE: Final = b"\xff"
_encode: Final = msgspec.msgpack.Encoder().encode
_pixel: Final = Struct(">6sQ6sBB8sB8s5s")
_pixel_face: Final = _encode(HitFace.PIXEL)
_pixel_end: Final = _MINUS_ONE + _encode("GET")
_middle: Final = Struct(">6sQ")
_ids: Final = Struct(">BB8sB8s")


def tail(user_agent: str, address: str, headers: dict[str, str], facts: dict[str, str]) -> bytes:
    """The last four fields."""
    return _encode(user_agent) + _encode(address) + _encode(headers) + _encode(facts)


def pixel(at: int, payload: bytes, end: bytes) -> bytes:
    """The record of a GET of a pixel; `payload` is the verified token's, `end` comes from `tail`."""
    kind, scope, copy = payload[1], payload[2:10], payload[10:18]
    return _pixel.pack(_START, at, _pixel_face, kind, _UINT64, scope, _UINT64, copy, _pixel_end) + end


def hit(at: int, what: tuple[HitFace, bytes, int], method: str, end: bytes) -> bytes:
    """The record of any hit: of a face, with a token's payload, on a link position."""
    face, payload, position = what
    ids = _ids.pack(payload[1], _UINT64, payload[2:10], _UINT64, payload[10:18])
    return b"".join((_middle.pack(_START, at), _encode(face), ids, _encode(position), _encode(method), end))
