"""One segment being written."""

from contextlib import suppress
from pathlib import Path

from postlude.journal.disk import Disk
from postlude.journal.folder import segment_path
from postlude.journal.reserve import Reserve


class OpenSegment:
    """The file a writer appends to; nothing of it is ever written twice."""

    def __init__(self, disk: Disk, folder: Path, number: int, reserve: Reserve) -> None:
        self._disk = disk
        self._path = segment_path(folder, number)
        self.number = number
        self.end = 0
        """Everything before it is durable."""
        prepared = reserve.take(self._path)
        self.prepared = prepared is not None
        """Whether its blocks were written before."""
        self._fd = disk.create(self._path) if prepared is None else prepared
        try:
            disk.sync_folder(folder)
        except OSError:
            self.abandon()
            raise

    def full(self, more: int, limit: int, *, better: bool) -> bool:
        """Whether the next `more` bytes belong into another segment; `better`: a prepared one is at hand."""
        return self.end + more > limit or (better and not self.prepared)

    def append(self, frame: bytes) -> int:
        """Write and sync one frame; its offset. After an OSError the segment must be abandoned."""
        start = self.end
        self._disk.store(self._fd, frame, start)
        self.end = start + len(frame)
        return start

    def finish(self) -> None:
        """Close a segment that is complete."""
        with suppress(OSError):
            self._disk.truncate(self._fd, self.end)
        self._disk.close(self._fd)

    def abandon(self) -> None:
        """Leave the segment after an error: after a failed sync the kernel's copy can no longer be trusted."""
        self.finish()
        if not self.end:
            with suppress(OSError):
                self._path.unlink()
