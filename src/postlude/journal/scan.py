"""Read a segment from end to end, across damage: finds every intact frame and reports the bytes between."""

import errno
import mmap
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from postlude.journal import frame, segment_header
from postlude.journal.frame import JournalFrame
from postlude.journal.segment_header import SegmentHeader
from postlude.kit.mapped import map_file, read_what_can_be
from postlude.kit.regular_file import open_regular

_PIECE: Final = 1 << 20
_MOST_CHECKED: Final = 1 << 30
"""Bytes whose checksum is computed in one search, about a second: what visitors send may hold many beginnings."""


class Skipped(NamedTuple):
    """Bytes outside intact frames: damaged, or not written completely."""

    start: int
    end: int


class SegmentView:
    """One segment file, in memory. `identity` is its folder's, for a segment whose head is damaged."""

    def __init__(self, whole: mmap.mmap | bytes, segment: int, identity: bytes) -> None:
        self._whole = whole
        self.bytes = memoryview(whole)
        self.head: SegmentHeader | None = segment_header.read_head(self.bytes)
        self.begin = segment_header.SIZE
        """Where the first frame should begin."""
        if self.head is not None:
            identity = self.head.identity
        elif frame.find_frame(self.bytes, 0) is not None or self.blank(0):
            identity, self.begin = b"", 0
        self.seed = segment_header.seed_of(identity, segment)
        self.damaged_head = self.head is None and self.begin > 0

    def walk(self, at: int) -> Iterator[JournalFrame | Skipped]:
        """Every frame from `at` on, where one begins or began, and what is skipped to find the next."""
        size = len(self.bytes)
        at = max(at, self.begin)
        while at < size:
            found = frame.find_frame(self.bytes, at, self.seed)
            if found is None:
                found = self._next(at + 1)
                yield Skipped(at, found.start if found else size)
            if found is None:
                return
            yield found
            at = found.end

    def _next(self, at: int) -> JournalFrame | None:
        """The first whole frame behind a damaged place; None also when too many places only looked like one."""
        left = _MOST_CHECKED
        while left > 0 and (at := self._whole.find(frame.MAGIC, at)) >= 0:
            if found := frame.find_frame(self.bytes, at, self.seed):
                return found
            left -= frame.size_at(self.bytes, at)
            at += 1
        return None

    def blank(self, start: int) -> bool:
        """Whether there are only zeros from `start` to the end: prepared, and not written."""
        for at in range(start, len(self.bytes), _PIECE):
            piece = self.bytes[at : at + _PIECE]
            if piece != bytes(len(piece)):
                return False
        return True


@contextmanager
def open_segment(
    path: Path, segment: int, identity: bytes, size: int | None = None, start: int = 0
) -> Iterator[SegmentView | None]:
    """One segment's first `size` bytes (None: all of it), None when there are none. Raises OSError.

    It is looked at from `start` on. What the disk cannot read is zeros: the frames in it are damaged, and told.
    """
    with os.fdopen(open_regular(path), "rb") as file:
        there = os.fstat(file.fileno()).st_size
        size = there if size is None else min(size, there)
        if not size:
            yield None
            return
        try:
            whole: mmap.mmap | bytes = map_file(file.fileno(), size, start)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            whole = read_what_can_be(file.fileno(), size)
        try:
            view = SegmentView(whole, segment, identity)
            try:
                yield view
            finally:
                view.bytes.release()
        finally:
            if isinstance(whole, mmap.mmap):
                whole.close()


def read_segment_head(path: Path) -> SegmentHeader | None:
    """The head of a segment file; None when it has none or cannot be read."""
    try:
        with os.fdopen(open_regular(path), "rb") as file:
            return segment_header.read_head(memoryview(file.read(segment_header.SIZE)))
    except OSError:
        return None
