"""The files of one writer: a lock, a mark and segments.

The mark is eight bytes of shared memory saying up to where records are on stable storage. It is written after each
sync and read by the reader; it need not itself survive a power cut, because `recover` finds the place again.
"""

import errno
import logging
import mmap
import os
from contextlib import suppress
from pathlib import Path
from typing import Final

from postlude.journal.frame import JournalFrame
from postlude.journal.scan import SegmentView, open_segment
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import lock_file, make_way
from postlude.kit.regular_file import open_regular
from postlude.model.errors import InUseError

SUFFIX: Final = ".journal"
_SUFFIX: Final = len(SUFFIX)
_DIGITS: Final = 7
TAIL: Final = ".tail-"
DAMAGED: Final = ".damaged-"
CUT: Final = ".cut-"
MISSING: Final = ".missing"
_MOST_MISSING: Final = 10_000  # a mark with more is invalid
_LOCK: Final = "lock"
_MODE: Final = 0o640
_MARK: Final = "mark"
WRITER_FILES: Final = (_LOCK, _MARK, "identity.json")
"""Of every writer, beside its segments."""
_MARK_BYTES: Final = 24
_OFFSET_BITS: Final = 32
_OFFSET_MASK: Final = (1 << _OFFSET_BITS) - 1

_log = logging.getLogger(__name__)


class WriterMark:
    """What a writer shows the others: up to where its journal is durable, and what was lost.

    Three aligned 64-bit words (durable end, records lost, since when records are being lost), so that none is ever
    seen half written.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        """For a reader, FileNotFoundError also when the writer is just making it: it is there, and still empty."""
        if writable:
            make_way(folder / _MARK)
        fd = open_regular(folder / _MARK, os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY, 0o640)
        try:
            if writable and os.fstat(fd).st_blocks == 0:
                # A hole would be filled at the first store through the mapping, and a full disk would then kill us.
                os.pwrite(fd, bytes(mmap.PAGESIZE), 0)
            if os.fstat(fd).st_size < _MARK_BYTES:
                raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(folder / _MARK))
            self._map = mmap.mmap(fd, _MARK_BYTES, access=mmap.ACCESS_WRITE if writable else mmap.ACCESS_READ)
        finally:
            os.close(fd)
        self._word = memoryview(self._map).cast("Q")

    def get(self) -> tuple[int, int]:
        """Segment and offset before which everything is durable."""
        word = self._word[0]
        return word >> _OFFSET_BITS, word & _OFFSET_MASK

    def put(self, segment: int, offset: int) -> None:
        """Publish a new durable end."""
        self._word[0] = segment << _OFFSET_BITS | offset

    def losses(self) -> tuple[int, int]:
        """Records the disk refused so far, and since when it refuses them (0: it does not)."""
        return self._word[1], self._word[2]

    def lose(self, records: int, now: int) -> None:
        """Publish that `records` more were refused at `now`."""
        self._word[1] += records
        self._word[2] = self._word[2] or now

    def recovered(self) -> None:
        """Publish that the disk takes records again."""
        self._word[2] = 0

    def close(self) -> None:
        """Let go of the mapping."""
        self._word.release()
        self._map.close()


def segment_path(folder: Path, segment: int) -> Path:
    """File name of one segment."""
    return folder / f"{segment:0{_DIGITS}d}{SUFFIX}"


def segment_numbers(folder: Path) -> list[int]:
    """Numbers of the segments that exist, ascending. What else lies there (a copy made by hand) is left alone."""
    with os.scandir(folder) as entries:  # called per read: no Path objects
        return sorted(
            int(entry.name[:-_SUFFIX])
            for entry in entries
            if _is_segment(entry.name) and not entry.is_dir(follow_symlinks=False)
        )


def _is_segment(name: str) -> bool:
    number = name[:-_SUFFIX]
    return name.endswith(SUFFIX) and len(number) >= _DIGITS and number.isascii() and number.isdecimal()


def damaged_tails(folder: Path) -> list[tuple[int, int, int]]:
    """(segment, offset, bytes) of every tail that was durable once and is quarantined because it cannot be read."""
    found = []
    for path in sorted(folder.glob(f"*{DAMAGED}*")):
        with suppress(ValueError, FileNotFoundError):
            found.append((int(path.stem), int(path.suffix.removeprefix(DAMAGED)), path.stat().st_size))
    return found


def folder_bytes(folder: Path) -> int:
    """Bytes all segments of a writer take."""
    total = 0
    for segment in segment_numbers(folder):
        try:
            total += segment_path(folder, segment).stat().st_size
        except OSError:  # the reader trimmed it meanwhile, or it cannot be read at all
            continue
    return total


def lock(folder: Path, patience_s: float = 0) -> int:
    """Take the writer's lock for the life of the returned descriptor; InUseError when another process has it.

    `patience_s`: how long to try; the reader takes the lock for a moment to find the durable end after a power cut.
    """
    try:
        return lock_file(folder / _LOCK, mode=_MODE, patience_s=patience_s)
    except BlockingIOError:
        raise InUseError(f"{folder}: another process writes to this journal; stop it or use another name") from None


def recover(folder: Path, identity: bytes = b"") -> int:
    """Find the durable end again, make it durable and return the last segment's number (0: none). Needs the lock.

    Segments after the last one in the mark are missing: `.missing` records them, and their numbers are not used again.
    Only a tail without an intact frame is cut, and its bytes are kept beside the segment: `.tail-OFFSET` if they were
    never answered, `.damaged-OFFSET` if the mark covers them. On a disk that cannot store this copy nothing is cut.
    `.cut-OFFSET-BYTES` records that a segment is shorter than the mark says.
    """
    numbers = segment_numbers(folder)
    known = _marked(folder)
    gone = _note_missing(folder, numbers[-1] if numbers else 0, known[0])
    if not numbers and not known[0]:
        return gone
    mark = WriterMark(folder, writable=True)
    try:
        if not numbers:
            mark.put(0, 0)
            return gone
        path = segment_path(folder, numbers[-1])
        try:
            with open_segment(path, numbers[-1], identity) as view:
                end = _last_good(view)
                tail = b"" if view is None else bytes(view.bytes[end:]).rstrip(b"\0")
        except OSError as error:  # the reader waits until it can be read; what comes new goes into the next
            _log.error("journal: %s", file_trouble(error))
            return max(numbers[-1], gone)
        durable = known[1] if known[0] == numbers[-1] else 0
        if durable > end and not tail:
            _note_cut(path, end, durable - end)
        fd = open_regular(path, os.O_RDWR)
        try:
            kept = not tail or _keep_tail(path, end, tail, damaged=durable > end)
            if kept and end < os.fstat(fd).st_size:
                os.ftruncate(fd, end)
            os.fsync(fd)  # noqa: TID251 - a segment that lay there, not a file replaced
        finally:
            os.close(fd)
        mark.put(numbers[-1], end)
    finally:
        mark.close()
    return max(numbers[-1], gone)


def _marked(folder: Path) -> tuple[int, int]:
    """Content of the mark; (0, 0) when there is none."""
    try:
        mark = WriterMark(folder, writable=False)
    except OSError:
        return 0, 0
    known = mark.get()
    mark.close()
    return known


def _note_missing(folder: Path, last: int, known: int) -> int:
    """Say which segment behind the last one was there; the highest number that was ever noted."""
    if last < known <= last + _MOST_MISSING:
        with suppress(OSError):
            segment_path(folder, known).with_suffix(MISSING).touch()
    return max(missing_segments(folder), default=0)


def _note_cut(segment: Path, end: int, size: int) -> None:
    _log.error("journal: %s ends at %d, and %d bytes more were answered: they are gone", segment, end, size)
    with suppress(OSError):
        segment.with_suffix(f"{CUT}{end}-{size}").touch()


def cut_tails(folder: Path) -> list[tuple[int, int, int]]:
    """(segment, offset, bytes) of what had been durable at the end of a segment and was gone at a start."""
    found = []
    for path in sorted(folder.glob(f"*{CUT}*")):
        with suppress(ValueError):
            offset, _, size = path.suffix.removeprefix(CUT).partition("-")
            found.append((int(path.stem), int(offset), int(size)))
    return found


def missing_segments(folder: Path) -> list[int]:
    """Segments that a start found gone, the last of a run each."""
    return sorted(int(path.stem) for path in folder.glob(f"*{MISSING}") if path.stem.isdigit())


def _last_good(view: SegmentView | None) -> int:
    end = 0
    for found in view.walk(0) if view is not None else ():
        if isinstance(found, JournalFrame):
            end = found.end
    return end


def _keep_tail(segment: Path, end: int, tail: bytes, *, damaged: bool) -> bool:
    quarantined = segment.with_suffix(f"{DAMAGED if damaged else TAIL}{end}")
    try:
        quarantined.write_bytes(tail)
    except OSError as error:
        _log.error("journal: the tail of %s cannot be quarantined (%s), it stays where it is", segment, error.strerror)
        return False
    if damaged:
        _log.error(
            "journal: %d bytes at %d of %s cannot be read, quarantined as %s", len(tail), end, segment, quarantined.name
        )
    return True
