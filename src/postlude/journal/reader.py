"""Reading all journals under one root: only what is known to be on stable storage, in order per writer."""

import mmap
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from postlude.journal import folder as files
from postlude.journal import frame
from postlude.journal.limits import DEFAULT_MAX_BYTES
from postlude.journal.position import Position, Record
from postlude.kit.clock import MICROS_PER_SECOND, Clock, SystemClock
from postlude.model.errors import InUseError

SEVEN_DAYS: Final = 7 * 86_400
_FIRST_NAP: Final = 0.002
_LONGEST_NAP: Final = 0.05


class JournalReader:
    """The one reader of every writer's journal under `root`. Not for use by several threads at once."""

    def __init__(self, root: Path, clock: Clock | None = None, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """`max_bytes`: what a writer's journal may take (its writer's own limit)."""
        self._max_bytes = max_bytes
        self._root = root
        self._clock = clock or SystemClock()
        self._writers: dict[int, _WriterFolder] = {}
        self._turn = 0
        self._seen: dict[int, tuple[int, int]] = {}

    def read(self, after: Mapping[int, Position], limit: int) -> list[Record]:
        """Up to `limit` records from where `after` (the `next` of the last record dealt with, by writer) says."""
        self._find_writers()
        records: list[Record] = []
        numbers = sorted(self._writers)
        self._turn += 1
        for i in range(len(numbers)):
            writer = self._writers[numbers[(i + self._turn) % len(numbers)]]
            self._seen[writer.number] = writer.mark.get()
            for some in writer.frames(after.get(writer.number, Position(writer.number, 0, 0))):
                room = limit - len(records)
                records += some if len(some) <= room else some[:room]
                if len(some) > room:
                    self._seen[writer.number] = (0, 0)
                    return records
        return records

    def unread(self, writer: int, after: Position | None) -> bool:
        """Whether durable records of one writer lie behind `after` (None: its beginning)."""
        self._find_writers()
        folder = self._writers.get(writer)
        return folder is not None and next(folder.frames(after or Position(writer, 0, 0)), None) is not None

    def wait(self, timeout_s: float) -> bool:
        """True when something may have come since the last `read`; False after `timeout_s` without."""
        deadline = monotonic() + timeout_s
        nap = _FIRST_NAP
        while not self._news():
            left = deadline - monotonic()
            if left <= 0:
                return False
            sleep(min(nap, left))
            nap = min(nap * 2, _LONGEST_NAP)
        return True

    def behind(self, done: Mapping[int, Position]) -> int:
        """Bytes of durable records behind `done`: what is still to be read."""
        self._find_writers()
        nothing = (0, 0)
        return sum(
            writer.bytes_behind(*(done[number][1:] if number in done else nothing))
            for number, writer in self._writers.items()
        )

    def trim(self, done: Mapping[int, Position], keep_seconds: float = SEVEN_DAYS) -> int:
        """Delete segments wholly before `done` and older than `keep_seconds`; returns how many. The newest stays.

        Where a journal takes more than half of what it may, its oldest segments before `done` go sooner: a week's copy
        of what is digested is worth less than room for what is not.
        """
        self._find_writers()
        before = self._clock.now() / MICROS_PER_SECOND - keep_seconds
        return sum(
            self._writers[n].trim(position.segment, before, self._max_bytes // 2)
            for n, position in done.items()
            if n in self._writers
        )

    def close(self) -> None:
        """Let go of the files."""
        for writer in self._writers.values():
            writer.close()
        self._writers.clear()

    def _news(self) -> bool:
        self._find_writers()
        return any(writer.mark.get() != self._seen.get(number, (0, 0)) for number, writer in self._writers.items())

    def _find_writers(self) -> None:
        for name, number in files.numbers_in(self._root).items():
            if number not in self._writers:
                with suppress(FileNotFoundError):  # the writer is just being made
                    self._writers[number] = _WriterFolder(self._root / name, number)


class _WriterFolder:
    """One writer's folder as the reader sees it."""

    def __init__(self, folder: Path, number: int) -> None:
        self.number = number
        self._folder = folder
        self._open = (0, 0, 0)  # segment, offset of a frame's start, and where that frame ends
        self._recover()
        self.mark = files.Mark(folder, writable=False)

    def _recover(self) -> None:
        """After a power cut the mark may be lost: when nobody writes, find the durable end again."""
        with suppress(InUseError):
            lock = files.lock(self._folder)
            try:
                files.recover(self._folder)
            finally:
                os.close(lock)

    def frames(self, start: Position) -> Iterator[list[Record]]:
        """Durable records at or behind `start`, a frame's at a time, never none."""
        last, end = self.mark.get()
        for segment in files.segments(self._folder):
            if start.segment <= segment <= last:
                offset = start.offset if segment == start.segment else 0
                yield from self._segment(segment, offset, end if segment == last else None)

    def _segment(self, segment: int, offset: int, end: int | None) -> Iterator[list[Record]]:
        with files.segment_path(self._folder, segment).open("rb") as file:
            size = os.fstat(file.fileno()).st_size if end is None else end
            if size <= offset:
                return
            with mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ) as whole, memoryview(whole) as view:
                at = self._frame_start(segment, offset)
                while found := frame.find(view, at):
                    self._open = (segment, found.start, found.end)
                    at = found.end
                    if found.end > offset and (records := self._frame(view, segment, found, offset)):
                        yield records

    def _frame_start(self, segment: int, offset: int) -> int:
        """A place at or before the frame that holds `offset` where a frame begins."""
        known, start, end = self._open
        if known != segment or start > offset:
            return 0
        return end if end <= offset else start

    def _frame(self, view: memoryview, segment: int, found: frame.Frame, offset: int) -> list[Record]:
        data, number = bytes(view[found.data : found.end]), self.number
        records, at, before = [], 0, found.data
        for length in found.lengths:
            if before + at >= offset:
                records.append(Record(number, segment, before + at, data[at : at + length]))
            at += length
        return records

    def bytes_behind(self, segment: int, offset: int) -> int:
        """Bytes from a place to the durable end."""
        last, end = self.mark.get()
        total = -offset if segment <= last else 0
        for number in files.segments(self._folder):
            if segment <= number < last:
                with suppress(FileNotFoundError):
                    total += files.segment_path(self._folder, number).stat().st_size
        return max(total + end, 0) if last else 0

    def trim(self, segment: int, before: float, most: int) -> int:
        """Delete segments below `segment` that were last written before the time `before`, or are too many bytes."""
        deleted, size = 0, files.folder_bytes(self._folder)
        for number in files.segments(self._folder)[:-1]:
            path = files.segment_path(self._folder, number)
            stat = path.stat()
            if number < segment and (stat.st_mtime < before or size > most):
                path.unlink()
                deleted += 1
                size -= stat.st_size
        return deleted

    def close(self) -> None:
        """Let go of the mark."""
        self.mark.close()
