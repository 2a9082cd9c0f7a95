"""The segment format: a batch of records is one frame, whole or not there.

`magic (4) | count (4) | size (4) | crc32 (4) | count lengths (4 each) | the records, joined`, little-endian. `size`
counts everything behind the header; the checksum begins with the segment's seed (`head.seed_of`) and covers count, size
and everything behind the header. One checksum a batch is enough: a batch is durable as a whole before any record of it
is answered.
"""

from array import array
from collections.abc import Sequence
from struct import Struct
from sys import byteorder
from typing import Final, NamedTuple
from zlib import crc32

MAGIC: Final = b"PLJ1"
header: Final = Struct("<4sIII")
_checked: Final = Struct("<II")
OVERHEAD: Final = header.size + 4
"""Bytes a frame of one record needs beside the record."""


class JournalFrame(NamedTuple):
    """A frame found in a segment."""

    start: int
    end: int
    lengths: "array[int]"
    data: int
    """Offset of the first record."""


def build_frame(records: Sequence[bytes], seed: int = 0) -> bytes:
    """One frame holding `records` (none of them empty), in order."""
    lengths = array("I", map(len, records))
    if byteorder == "big":
        lengths.byteswap()
    body = b"".join((lengths.tobytes(), *records))
    count, size = len(records), len(body)
    return header.pack(MAGIC, count, size, crc32(body, crc32(_checked.pack(count, size), seed))) + body


def find_frame(view: memoryview, start: int, seed: int = 0) -> JournalFrame | None:
    """The whole and undamaged frame at `start` of a segment, None when there is none."""
    body = start + header.size
    if body > len(view):
        return None
    magic, count, size, crc = header.unpack_from(view, start)
    end = body + size
    if magic != MAGIC or end > len(view) or not 0 < count * 4 <= size:
        return None
    if crc32(view[body:end], crc32(_checked.pack(count, size), seed)) != crc:
        return None
    lengths = array("I", bytes(view[body : body + 4 * count]))
    if byteorder == "big":
        lengths.byteswap()
    data = body + 4 * count
    return JournalFrame(start, end, lengths, data) if data + sum(lengths) == end else None


def size_at(view: memoryview, start: int) -> int:
    """How many bytes `find_frame` had to look at where a frame seems to begin."""
    body = start + header.size
    if body > len(view):
        return header.size
    size: int = header.unpack_from(view, start)[2]
    return header.size + (size if body + size <= len(view) else 0)
