"""The head of a segment: its writer and identity. It precedes the first frame and is written with it.

`magic (4) | writer number (4) | segment (4) | identity (16) | key (16) | crc32 of all before (4)`, little-endian.
Segments of older versions have none.
"""

import secrets
from struct import Struct
from typing import Final, NamedTuple
from zlib import crc32

MAGIC: Final = b"PLJH"
_layout: Final = Struct("<4sII16s16s")
_check: Final = Struct("<I")
SIZE: Final = _layout.size + _check.size


class SegmentHeader(NamedTuple):
    """Identifies a segment, also among segments of the same name in another folder or backup."""

    number: int
    """The number in the writer's folder; the stores may count its records under another (`lineage`)."""
    segment: int
    identity: bytes
    """16 random bytes, the same in all segments of a writer's folder."""
    key: bytes
    """16 random bytes of this segment alone."""

    def pack(self) -> bytes:
        """The encoded bytes."""
        data = _layout.pack(MAGIC, *self)
        return data + _check.pack(crc32(data))


def new_head(number: int, segment: int, identity: bytes) -> SegmentHeader:
    """The head of a segment that is about to be written."""
    return SegmentHeader(number, segment, identity, secrets.token_bytes(16))


def read_head(view: memoryview) -> SegmentHeader | None:
    """The head a segment begins with; None when it has none, or a damaged one."""
    if len(view) < SIZE:
        return None
    magic, *fields = _layout.unpack_from(view)
    if magic != MAGIC or _check.unpack_from(view, _layout.size)[0] != crc32(view[: _layout.size]):
        return None
    return SegmentHeader(*fields)


def seed_of(identity: bytes, segment: int) -> int:
    """What the checksums of a segment's frames begin with; 0 for a segment without identity.

    It is secret: what a visitor or a provider sends cannot pass for a frame when damage makes the reader look for one.
    """
    return crc32(identity + segment.to_bytes(4)) if identity else 0
