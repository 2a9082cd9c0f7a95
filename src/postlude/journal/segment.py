"""One segment being written."""

from contextlib import suppress
from pathlib import Path
from typing import Protocol

from postlude.journal import segment_header
from postlude.journal.disk import Disk
from postlude.journal.folder import segment_path
from postlude.journal.segment_header import SegmentHeader


class SpareFile(Protocol):
    """Where a file may come from that was written before it is needed."""

    def take(self, path: Path) -> int | None:
        """The file under its new name; None when there is none."""
        ...


class OpenSegment:
    """The file a writer appends to; nothing of it is ever written twice."""

    def __init__(self, disk: Disk, folder: Path, mine: SegmentHeader, source: SpareFile, limit: int) -> None:
        """`limit`: the bytes it may hold. What `source` has is taken; a new file is made when it has nothing."""
        self._disk = disk
        self._path = segment_path(folder, mine.segment)
        self._head = mine.pack()
        self.number = mine.segment
        self.seed = segment_header.seed_of(mine.identity, mine.segment)
        """What the checksums of its frames begin with."""
        self.end = 0
        """Everything before this offset is durable."""
        self._limit = limit
        prepared = source.take(self._path)
        self.prepared = prepared is not None
        """Whether its blocks were written before."""
        self._fd = disk.create(self._path) if prepared is None else prepared
        try:
            disk.sync_folder(folder)
        except OSError:
            self.abandon()
            raise

    def full(self, more: int, *, better: bool) -> bool:
        """Whether the next `more` bytes belong into another segment; `better`: a prepared one is at hand."""
        return max(self.end, segment_header.SIZE) + more > self._limit or (better and not self.prepared)

    def append(self, frame: bytes) -> None:
        """Write and sync one frame, with the head before the first. After an OSError the segment must be abandoned."""
        data = frame if self.end else self._head + frame
        self._disk.store(self._fd, data, self.end)
        self.end += len(data)

    def finish(self) -> None:
        """Close a segment that is complete."""
        with suppress(OSError):
            self._disk.truncate(self._fd, self.end)
        self._disk.close(self._fd)

    def abandon(self) -> bool:
        """Leave the segment after an error: after a failed sync the kernel's copy can no longer be trusted.

        True when nothing of it is left, so that its number is free again.
        """
        self.finish()
        if self.end:
            return False
        with suppress(OSError):
            self._path.unlink()
        return not self._path.exists()
