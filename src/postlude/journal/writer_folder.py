"""One writer's folder as the reader sees it."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Final

from postlude.journal import folder as files
from postlude.journal.finding import JournalFinding
from postlude.journal.frame import JournalFrame
from postlude.journal.lineage import Lineage
from postlude.journal.position import JournalRecord, Position
from postlude.journal.registry import Writer
from postlude.journal.scan import SegmentView, Skipped, open_segment, read_segment_head
from postlude.journal.segment_header import SegmentHeader
from postlude.model.errors import InUseError
from postlude.model.segment import SegmentLabel

Places = Mapping[int, Position]
_NOWHERE: Final = (0, 0)
_AHEAD_S: Final = 60.0


class WriterFolder:
    """Segments, their numbers, and what is wrong with them. FileNotFoundError while the writer is just making it."""

    def __init__(self, root: Path, name: str, writer: Writer) -> None:
        self.name: Final = name
        self.proposed: Final = writer.number
        self._identity = b""
        self._folder = root / name
        self._open = (0, 0, 0)  # segment, offset of a frame's start, and where that frame ends
        self._numbers: dict[int, int] = {}
        self._bad: dict[int, Skipped] = {}
        self.labels: list[SegmentLabel] = []
        """Of every segment that got its number since this was emptied."""
        self.findings: list[JournalFinding] = []
        self.know(writer.identity)
        self._recover()
        self.mark = files.WriterMark(self._folder, writable=False)
        self._tell_tails()

    def know(self, identity: bytes) -> None:
        """What the folder is known as; it has no label of a segment until something of it is read."""
        if identity and identity != self._identity:
            self._identity = identity
            self.labels.append(SegmentLabel(0, 0, self.name, identity.hex(), identity.hex()))

    def _recover(self) -> None:
        """After a power cut the mark may be lost: find the durable end again while there is no writer."""
        with suppress(InUseError):
            lock = files.lock(self._folder)
            try:
                files.recover(self._folder, self._identity)
            finally:
                os.close(lock)

    def segments(self, known: Lineage) -> list[tuple[int, int]]:
        """(segment, number) of every segment that may be read, ascending."""
        last = self.mark.get()[0]
        found = []
        for segment in files.segment_numbers(self._folder):
            if segment > last:
                break
            number = self._numbers.get(segment)
            if number is None:
                number = self._numbered(segment, known)
            found.append((segment, number))
        return found

    def _numbered(self, segment: int, known: Lineage) -> int:
        head = read_segment_head(files.segment_path(self._folder, segment))
        before = known.current(self.name, self.proposed)
        number = known.number(self.name, self.proposed, segment, head, self._identity)
        self._numbers[segment] = number
        self.labels.append(_label(number, segment, self.name, head))
        if number not in {before, self.proposed} and number not in known.ends:
            self._tell(
                f"older:{number}",
                "older",
                f"the journal of {self.name} is not the one that was read before: from segment {segment} on it is "
                f"older, or another one. All that is new in it is read, as writer {number}; "
                "what is not in it is lost",
            )
        return number

    def frames(self, after: Places, known: Lineage) -> Iterator[list[JournalRecord]]:
        """Durable records at or behind `after`, a frame's at a time, never none."""
        last, end = self.mark.get()
        before = 0
        for segment, number in self.segments(known):
            place = after.get(number, _NOWHERE)[-2:]
            if segment >= place[0]:
                self._tell_gap(before, segment, place, known_number=number in known.ends)
                offset = place[1] if segment == place[0] else 0
                yield from self._segment(number, segment, offset, end if segment == last else None)
            before = segment

    def _tell_gap(self, before: int, segment: int, place: tuple[int, ...], *, known_number: bool) -> None:
        first = max(before + 1, place[0])
        trimmed = not before and not place[0] and known_number
        if first < segment and not trimmed:
            which = f"segment {first}" if first == segment - 1 else f"segments {first} to {segment - 1}"
            text = f"{which} of the journal of {self.name} cannot be found: what was in them and not read yet is lost"
            self._tell(f"missing:{self.name}:{first}-{segment}", "missing", text)

    def _segment(self, number: int, segment: int, offset: int, end: int | None) -> Iterator[list[JournalRecord]]:
        path = files.segment_path(self._folder, segment)
        start = self._frame_start(segment, offset)
        with open_segment(path, segment, self._identity, end, start) as view:
            if view is None or len(view.bytes) <= offset:
                return
            for found in self._walk(view, segment, offset):
                if isinstance(found, Skipped):
                    self._tell_skipped(view, segment, found, offset, whole=end is None)
                    continue
                self._open = (segment, found.start, found.end)
                if found.end > offset and (records := _records(view.bytes, number, segment, found, offset)):
                    yield records

    def _walk(self, view: SegmentView, segment: int, offset: int) -> Iterator[JournalFrame | Skipped]:
        """As `SegmentView.walk`, without looking twice at damage that reaches to the end."""
        at = self._frame_start(segment, offset)
        bad = self._bad.get(segment)
        if bad is not None and bad.start == max(at, view.begin) and bad.end == len(view.bytes):
            return
        for found in view.walk(at):
            if isinstance(found, Skipped) and found.end == len(view.bytes):
                self._bad[segment] = found
            yield found

    def _frame_start(self, segment: int, offset: int) -> int:
        """Start of a frame at or before the frame that contains `offset`."""
        known, start, end = self._open
        if known != segment or start > offset:
            return 0
        return end if end <= offset else start

    def _tell_skipped(self, view: SegmentView, segment: int, skipped: Skipped, offset: int, *, whole: bool) -> None:
        lost = skipped.end - max(skipped.start, offset)
        if lost <= 0 or (whole and skipped.end == len(view.bytes) and view.blank(skipped.start)):
            return
        self._tell(
            f"damaged:{self.name}:{segment}:{skipped.start}",
            "damaged",
            f"{lost} bytes of the journal of {self.name} are damaged (segment {segment}, at {skipped.start}): "
            "the records in them are lost; all before and behind them are read",
        )

    def _tell_tails(self) -> None:
        for segment in files.missing_segments(self._folder):
            text = f"segment {segment} of the journal of {self.name} is gone: what was in it and not read yet is lost"
            self._tell(f"missing:{self.name}:{segment}", "missing", text)
        for segment, offset, size in files.damaged_tails(self._folder):
            self._tell(
                f"damaged:{self.name}:{segment}:{offset}",
                "damaged",
                f"{size} bytes at the end of segment {segment} of the journal of {self.name} are damaged: the records "
                f"in them are lost; the bytes are kept in {self._folder}",
            )

        for segment, offset, size in files.cut_tails(self._folder):
            self._tell(
                f"damaged:{self.name}:{segment}:{offset}",
                "damaged",
                f"{size} bytes at the end of segment {segment} of the journal of {self.name} are gone: the records in "
                "them that were not digested yet are lost",
            )

    def _tell(self, key: str, kind: str, text: str) -> None:
        self.findings.append(JournalFinding(key, kind, self.name, text))

    def tell_if_older(self, known: Lineage) -> None:
        """Find out whether the stores have read further than this folder reaches."""
        self.segments(known)
        number = known.current(self.name, self.proposed)
        read, durable = known.ends.get(number), self.mark.get()
        if read is not None and durable < read:
            self._tell(
                f"older:{number}:{read[0]}:{read[1]}",
                "older",
                f"the journal of {self.name} ends at segment {durable[0]}, byte {durable[1]}, but was read up "
                f"to segment {read[0]}, byte {read[1]}: it is older than the database. "
                "What comes new is read all the same",
            )

    def newest_reached(self, done: Places, known: Lineage) -> bool:
        """Whether nothing is to be read any more before its newest segment."""
        segments = self.segments(known)
        if not segments:
            return True
        segment, number = segments[-1]
        return number in done and done[number].segment >= segment

    def bytes_behind(self, after: Places, known: Lineage) -> int:
        """Bytes from a place to the durable end."""
        last, end = self.mark.get()
        total = 0
        for segment, number in self.segments(known):
            place = after.get(number, _NOWHERE)[-2:]
            if segment < place[0]:
                continue
            with suppress(FileNotFoundError):
                size = end if segment == last else files.segment_path(self._folder, segment).stat().st_size
                total += max(size - (place[1] if segment == place[0] else 0), 0)
        return total

    @property
    def size(self) -> int:
        """Bytes all its segments take."""
        return files.folder_bytes(self._folder)

    def trim(self, done: Places, before: float, most: int, known: Lineage, now: float) -> int:
        """Delete segments below `done` that were last written before the time `before`, or are too many bytes."""
        deleted, size = 0, self.size
        for number, writer in self.segments(known)[:-1]:
            if writer not in done or number >= done[writer].segment:
                continue
            path = files.segment_path(self._folder, number)
            stat = path.stat()
            if stat.st_mtime > now + _AHEAD_S:  # written while the clock was ahead: it ages from now on
                os.utime(path, (now, now))
            if min(stat.st_mtime, now - 1) < before or size > most:
                for quarantined in self._folder.glob(f"{path.stem}.*"):
                    quarantined.unlink(missing_ok=True)
                deleted += 1
                size -= stat.st_size
        return deleted

    def close(self) -> None:
        """Let go of the mark."""
        self.mark.close()


def _label(number: int, segment: int, name: str, head: SegmentHeader | None) -> SegmentLabel:
    return SegmentLabel(number, segment, name, head.identity.hex() if head else "", head.key.hex() if head else "")


def _records(view: memoryview, number: int, segment: int, found: JournalFrame, offset: int) -> list[JournalRecord]:
    data = bytes(view[found.data : found.end])
    records, at, before = [], 0, found.data
    for length in found.lengths:
        if before + at >= offset:
            records.append(JournalRecord(number, segment, before + at, data[at : at + length]))
        at += length
    return records
