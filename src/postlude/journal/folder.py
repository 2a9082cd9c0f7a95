"""The files of one journal: `root/numbers.json` and per writer a lock, a mark and segments.

The mark is eight bytes of shared memory saying up to where records are on stable storage. It is written after each
sync and read by the reader; it need not itself survive a power cut, because `recover` finds the place again.
"""

import errno
import json
import mmap
import os
from pathlib import Path
from typing import Final

from postlude.journal.frame import valid_end
from postlude.journal.position import MAX_WRITER
from postlude.kit.files import lock_file, locked, replace_durably
from postlude.model.errors import InUseError, StorageError

SUFFIX: Final = ".journal"
_NUMBERS: Final = "numbers.json"
_LOCK: Final = "lock"
_MODE: Final = 0o640
_MARK: Final = "mark"
_MARK_BYTES: Final = 24
_OFFSET_BITS: Final = 32
_OFFSET_MASK: Final = (1 << _OFFSET_BITS) - 1


class Mark:
    """What a writer shows the others: up to where its journal is durable, and what was lost.

    Three aligned 64-bit words (durable end, records lost, since when records are being lost), so that none is ever
    seen half written.
    """

    def __init__(self, folder: Path, *, writable: bool) -> None:
        """For a reader, FileNotFoundError also when the writer is just making it: it is there, and still empty."""
        fd = os.open(folder / _MARK, (os.O_RDWR | os.O_CREAT if writable else os.O_RDONLY) | os.O_CLOEXEC, 0o640)
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
    return folder / f"{segment:07d}{SUFFIX}"


def segments(folder: Path) -> list[int]:
    """Numbers of the segments that exist, ascending."""
    names = (name for name in os.listdir(folder) if name.endswith(SUFFIX))  # noqa: PTH208 - called per read: no Path objects
    return sorted(int(name.removesuffix(SUFFIX)) for name in names)


def folder_bytes(folder: Path) -> int:
    """Bytes all segments of a writer take."""
    total = 0
    for segment in segments(folder):
        try:
            total += segment_path(folder, segment).stat().st_size
        except FileNotFoundError:  # the reader trimmed it meanwhile
            continue
    return total


def number_of(root: Path, name: str) -> int:
    """The number of the writer called `name`, allotted at first and the same ever after."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        with locked(root / _LOCK, mode=_MODE):
            numbers = numbers_in(root)
            if name not in numbers:
                numbers[name] = max(numbers.values(), default=0) + 1
                if numbers[name] > MAX_WRITER:
                    raise StorageError(f"{root}: all {MAX_WRITER} writer numbers are taken")
                replace_durably(root / _NUMBERS, json.dumps(numbers, indent=1).encode(), mode=_MODE)
            return numbers[name]
    except OSError as error:
        raise StorageError(f"{root}: {error.strerror or error}") from error


def numbers_in(root: Path) -> dict[str, int]:
    """Writer numbers by name."""
    try:
        numbers: dict[str, int] = json.loads((root / _NUMBERS).read_bytes())
    except FileNotFoundError:
        return {}
    return numbers


def lock(folder: Path, patience_s: float = 0) -> int:
    """Take the writer's lock for the life of the returned descriptor; InUseError when another process has it.

    `patience_s`: how long to try; the reader takes the lock for a moment to find the durable end after a power cut.
    """
    try:
        return lock_file(folder / _LOCK, mode=_MODE, patience_s=patience_s)
    except BlockingIOError:
        raise InUseError(f"{folder}: another process writes to this journal; stop it or use another name") from None


def recover(folder: Path) -> int:
    """Cut a torn tail, make what is left durable and return the last segment's number (0: none). Needs the lock."""
    numbers = segments(folder)
    if not numbers:
        return 0
    fd = os.open(segment_path(folder, numbers[-1]), os.O_RDWR | os.O_CLOEXEC)
    try:
        size = os.fstat(fd).st_size
        end = 0
        if size:
            with mmap.mmap(fd, size, access=mmap.ACCESS_READ) as whole, memoryview(whole) as view:
                end = valid_end(view)
        if end < size:
            os.ftruncate(fd, end)
        os.fsync(fd)  # noqa: TID251 - a segment that lay there, not a file replaced
    finally:
        os.close(fd)
    mark = Mark(folder, writable=True)
    mark.put(numbers[-1], end)
    mark.close()
    return numbers[-1]
