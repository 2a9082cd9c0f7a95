"""Hits as journal records, packed by hand: the bytes `model.observation.encode` would make (held by a test).

A token's payload is big-endian like msgpack, and the end of a record (user agent, address, headers, facts) is the
same for all hits of one visitor with one header block, so a frequent record is one `join`.
"""

from struct import Struct
from typing import Final

import msgspec

from postlude.model.words import HitEndpoint
from postlude.tokens import Kind
from postlude.tokens.copy_tokens import KIND_BITS

_START: Final = b"\x9c\xa3hit\xcf"  # an array of 12: tag, then `at` as uint64
_UINT64: Final = 0xCF
_MINUS_ONE: Final = b"\xff"
_encode: Final = msgspec.msgpack.Encoder().encode
SCOPE: Final = slice(2, 10)
COPY: Final = slice(10, 18)
"""Their range in a token's payload."""
UINT64: Final = bytes((_UINT64,))
PIXEL_END: Final = _MINUS_ONE + _encode("GET")
"""A pixel's record is, joined: `pixel_start`, scope, UINT64, copy, PIXEL_END, `tail`; a link's `hit_start`, `ids`,
copy, `hit_end`, `tail`."""
_KINDS: Final = tuple(bytes((second & KIND_BITS, _UINT64)) for second in range(256))
"""By a payload's second byte: a record has the kind alone, what the token was for shows in the endpoint."""
_middle: Final = Struct(">6sQ")


def tail(user_agent: str, address: str, headers: dict[str, str], facts: dict[str, str]) -> bytes:
    """The last four fields."""
    return _encode(user_agent) + _encode(address) + _encode(headers) + _encode(facts)


def hit_start(at: int, endpoint: HitEndpoint) -> bytes:
    """Time and endpoint."""
    return _middle.pack(_START, at) + _encode(endpoint)


def pixel_start(at: int, kind: Kind) -> bytes:
    """Everything in front of the scope."""
    return hit_start(at, HitEndpoint.PIXEL) + bytes((kind, _UINT64))


def ids(payload: bytes) -> bytes:
    """Everything between endpoint and copy, of a verified token's payload."""
    return _KINDS[payload[1]] + payload[SCOPE] + UINT64


def hit_end(position: int, method: str = "GET") -> bytes:
    """The part between copy and `tail`."""
    return _encode(position) + _encode(method)


def hit(at: int, what: tuple[HitEndpoint, bytes, int], method: str, tail: bytes) -> bytes:
    """The record of any hit: of an endpoint, with a token's payload, on a link position."""
    endpoint, payload, position = what
    return b"".join((hit_start(at, endpoint), ids(payload), payload[COPY], hit_end(position, method), tail))
