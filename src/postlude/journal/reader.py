"""Reading all journals under one root: only what is known to be on stable storage, in order per writer."""

from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from postlude.journal.finding import JournalFinding
from postlude.journal.limits import DEFAULT_MAX_BYTES
from postlude.journal.lineage import Known, Lineage
from postlude.journal.position import JournalRecord, Position
from postlude.journal.registry import WriterList
from postlude.journal.rolling import ask_to_roll, not_rolled, roll_unheld
from postlude.journal.writer_folder import WriterFolder
from postlude.kit.clock import MICROS_PER_SECOND, Clock, SystemClock
from postlude.model.segment import SegmentLabel

SEVEN_DAYS: Final = 7 * 86_400
_FIRST_NAP: Final = 0.002
_LONGEST_NAP: Final = 0.05


class JournalReader:
    """The one reader of every writer's journal under `root`. Not for use by several threads at once."""

    def __init__(self, root: Path, clock: Clock | None = None, max_bytes: int = DEFAULT_MAX_BYTES) -> None:
        """`max_bytes`: what a writer's journal may take (its writer's own limit)."""
        self._max_bytes = max_bytes
        self._root = root
        self._writers = WriterList(root)
        self._clock = clock or SystemClock()
        self._lineage = Lineage(Known())
        self._folders: dict[str, WriterFolder] = {}
        self._round = 0
        self._look_at = 0.0
        self._seen: dict[str, tuple[int, int]] = {}
        self._found: list[JournalFinding] = []

    def recognise(self, known: Known) -> None:
        """Start again from the stores' positions; detects journals that are older than the stores, or missing."""
        self.close()
        self._lineage = Lineage(known)
        self._find_writers()
        for folder in self._folders.values():
            folder.tell_if_older(self._lineage)
        self._tell_replaced()
        for number, name in self._lineage.names.items():
            if name not in self._folders:
                text = (
                    f"the journal of {name} is gone: what was in it and not read yet is lost. "
                    "What comes new is read, under a new number"
                )
                self._found.append(JournalFinding(f"gone:{number}", "gone", name, text))

    def _tell_replaced(self) -> None:
        for name, writer in self._writers.get().items():
            known = self._lineage.identities_of(name)
            if known and writer.identity.hex() not in known and name in self._folders:
                text = f"the journal of {name} was replaced by another one: what was in it and not read yet is lost"
                self._found.append(JournalFinding(f"gone:{name}:{writer.identity.hex()}", "gone", name, text))

    def pop_findings(self) -> list[JournalFinding]:
        """What was found wrong since this was asked last."""
        found, self._found = self._found, []
        for folder in self._folders.values():
            found += folder.findings
            folder.findings = []
        return found

    def pop_labels(self) -> list[SegmentLabel]:
        """Which segments were met since this was asked last."""
        found: list[SegmentLabel] = []
        for folder in self._folders.values():
            found += folder.labels
            folder.labels = []
        return found

    def read(self, after: Mapping[int, Position], limit: int) -> list[JournalRecord]:
        """Up to `limit` records from the positions `after` (the `next` of the last processed record, by writer).

        Every writer has its share of them, and what others do not need goes to those that have more: a mail does not
        wait until millions of hits in the journals of several edges are read.
        """
        self._find_writers()
        records: list[JournalRecord] = []
        folders = sorted(self._folders.values(), key=lambda folder: folder.proposed)
        self._round += 1
        folders = [folders[(i + self._round) % len(folders)] for i in range(len(folders))]
        unread = []
        for folder in folders:
            self._seen[folder.name] = folder.mark.get()
            unread.append((folder.name, folder.frames(after, self._lineage)))
        for part in (max(1, limit // max(1, len(folders))), limit):
            unread = [one for one in unread if not _taken(records, one[1], part, limit)]
        self._seen |= {name: (0, 0) for name, _ in unread}  # there may be more: nobody waits for news
        return records

    def unread(self, name: str, after: Mapping[int, Position]) -> bool:
        """Whether the journal of this name holds durable records behind `after`. `recognise` first."""
        self._find_writers()
        folder = self._folders.get(name)
        return folder is not None and next(folder.frames(after, self._lineage), None) is not None

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
        return sum(folder.bytes_behind(done, self._lineage) for folder in self._folders.values())

    def trim(self, done: Mapping[int, Position], keep_seconds: float = SEVEN_DAYS) -> int:
        """Delete segments wholly before `done` and older than `keep_seconds`; returns how many. The newest stays.

        Where a journal takes more than half of what it may, its oldest segments before `done` go sooner: a week's copy
        of what is digested is worth less than room for what is not.
        """
        self._find_writers()
        now, most = self._clock.now() / MICROS_PER_SECOND, self._max_bytes // 2
        before = now - keep_seconds
        return sum(folder.trim(done, before, most, self._lineage, now) for folder in self._folders.values())

    def roll(self) -> None:
        """Have every writer go on in a new segment, so that `trim` can delete all that was said before."""
        ask_to_roll(self._root)

    def rolled(self, done: Mapping[int, Position]) -> bool:
        """Whether they did, and all that they said before lies before `done`."""
        roll_unheld(self._root)
        self._find_writers()
        return not not_rolled(self._root) and all(
            folder.newest_reached(done, self._lineage) for folder in self._folders.values()
        )

    def crowded(self) -> bool:
        """Whether a journal takes so much of what it may that trimming cannot wait; looks once a second."""
        now = monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + 1
        return any(folder.size > self._max_bytes // 2 for folder in self._folders.values())

    def close(self) -> None:
        """Let go of the files."""
        for folder in self._folders.values():
            folder.close()
        self._folders.clear()

    def _news(self) -> bool:
        self._find_writers()
        return any(folder.mark.get() != self._seen.get(name, (0, 0)) for name, folder in self._folders.items())

    def _find_writers(self) -> None:
        for name, writer in self._writers.get().items():
            if name not in self._folders:
                self._lineage.propose(writer.number)
                with suppress(FileNotFoundError):  # the writer is just being made
                    self._folders[name] = WriterFolder(self._root, name, writer)
            else:
                self._folders[name].know(writer.identity)


def _taken(records: list[JournalRecord], frames: Iterator[list[JournalRecord]], part: int, limit: int) -> bool:
    """Add frames until they are about `part` records, and no more than `limit` in all; True when none is left."""
    enough = min(len(records) + part, limit)
    while len(records) < enough:
        some = next(frames, None)
        if some is None:
            return True
        room = limit - len(records)
        records += some if len(some) <= room else some[:room]
    return False
