"""Reading all journals under one root: only what is known to be on stable storage, in order per writer."""

import logging
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
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
from postlude.kit.file_trouble import file_trouble
from postlude.model.errors import StorageError
from postlude.model.segment import SegmentLabel

SEVEN_DAYS: Final = 7 * 86_400
_FIRST_NAP: Final = 0.002
_LONGEST_NAP: Final = 0.05
_RETRY_S: Final = 1.0
_MORE: Final = (0, 0)
"""Seen of a journal of which there was more than was read."""
_Unread = tuple[str, Iterator[list[JournalRecord]]]

_log = logging.getLogger(__name__)


class JournalReader:
    """The one reader of every writer's journal under `root`. Not for use by several threads at once.

    A journal that the system does not let it read waits, and is tried again; the others are read meanwhile.
    """

    def __init__(
        self,
        root: Path,
        clock: Clock | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
        *,
        first: Collection[str] = (),
        only: str = "",
    ) -> None:
        """`max_bytes`: what a writer's journal may take (its writer's own limit).

        `first`: writers whose records do not wait for those of others. `only`: the one writer that is read at all.
        """
        self._first = frozenset(first)
        self._only = only
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
        self._troubles: dict[str, str] = {}
        self._try_at: dict[str, float] = {}
        self._held: frozenset[str] = frozenset()

    @property
    def problem(self) -> str:
        """Which journal cannot be read, and what to do; empty when all can."""
        return next((f"the journal of {name} waits: {text}" for name, text in self._troubles.items()), "")

    def recognise(self, known: Known) -> None:
        """Start again from the stores' positions; detects journals that are older than the stores, or missing."""
        self.close()
        self._lineage = Lineage(known)
        self._find_writers()
        for folder in self._folders.values():
            with self._waiting(folder.name):
                folder.tell_if_older(self._lineage)
        self._tell_replaced()
        for number, name in self._lineage.names.items():
            if self._only in {"", name} and name not in self._folders and name not in self._troubles:
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

    def hold(self, writers: Collection[int]) -> None:
        """Leave out the journals that these are the numbers of, until they are held no more."""
        if not writers and not self._held:
            return
        folders = self._folders.values()
        held = {one.name for one in folders if self._lineage.current(one.name, one.proposed) in writers}
        self._seen |= dict.fromkeys(self._held - held, _MORE)
        self._held = frozenset(held)

    def read(self, after: Mapping[int, Position], limit: int) -> list[JournalRecord]:
        """Up to `limit` records from the positions `after` (the `next` of the last processed record, by writer).

        Those of the writers that come first stand first; they take half of it at most. Of the rest every writer has
        its share, and what others do not need goes to those that have more: a mail does not wait until millions of hits
        in the journals of several edges are read.
        """
        self._find_writers()
        records: list[JournalRecord] = []
        folders = sorted(self._folders.values(), key=lambda folder: folder.proposed)
        self._round += 1
        folders = [folders[(i + self._round) % len(folders)] for i in range(len(folders))]
        folders = [folder for folder in folders if folder.name not in self._held]
        first = [folder for folder in folders if folder.name in self._first]
        rest = [folder for folder in folders if folder.name not in self._first]
        mail = self._shared(self._frames_of(first, after), records, max(1, limit // 2) if rest else limit)
        others = self._shared(self._frames_of(rest, after), records, limit)
        unread = self._shared(mail, records, limit) + others
        self._seen |= {name: _MORE for name, _ in unread}  # there may be more: do not wait for news
        return records

    def _frames_of(self, folders: Iterable[WriterFolder], after: Mapping[int, Position]) -> list[_Unread]:
        unread = []
        for folder in folders:
            self._seen[folder.name] = folder.mark.get()
            unread.append((folder.name, folder.frames(after, self._lineage)))
        return unread

    def _shared(self, unread: list[_Unread], records: list[JournalRecord], limit: int) -> list[_Unread]:
        """Add records until they are `limit` in all; returns those of whom there are more."""
        for part in (max(1, (limit - len(records)) // max(1, len(unread))), limit):
            unread = [one for one in unread if not self._taken(one, records, part, limit)]
        return unread

    def unread(self, name: str, after: Mapping[int, Position]) -> bool:
        """Whether the journal of this name holds durable records behind `after`. `recognise` first.

        StorageError while that cannot be known.
        """
        self._find_writers()
        if name in self._troubles:
            raise StorageError(f"the journal of {name} cannot be read: {self._troubles[name]}")
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
        total = 0
        for folder in self._folders.values():
            with self._waiting(folder.name):
                total += folder.bytes_behind(done, self._lineage)
        return total

    def trim(self, done: Mapping[int, Position], keep_seconds: float = SEVEN_DAYS) -> int:
        """Delete segments wholly before `done` and older than `keep_seconds`; returns how many. The newest stays.

        Where a journal takes more than half of what it may, its oldest segments before `done` go sooner: a week's copy
        of what is digested is worth less than room for what is not.
        """
        self._find_writers()
        now, most = self._clock.now() / MICROS_PER_SECOND, self._max_bytes // 2
        before, deleted = now - keep_seconds, 0
        for folder in self._folders.values():
            with self._waiting(folder.name):
                deleted += folder.trim(done, before, most, self._lineage, now)
        return deleted

    def roll(self) -> None:
        """Have every writer go on in a new segment, so that `trim` can delete all earlier records."""
        ask_to_roll(self._root)

    def rolled(self, done: Mapping[int, Position]) -> bool:
        """Whether they did, and all earlier records lie before `done`."""
        roll_unheld(self._root)
        self._find_writers()
        if self._troubles or not_rolled(self._root):
            return False
        return all(folder.newest_reached(done, self._lineage) for folder in self._folders.values())

    def crowded(self) -> bool:
        """Whether a journal takes so much of what it may that trimming cannot wait; looks once a second."""
        now = monotonic()
        if now < self._look_at:
            return False
        self._look_at = now + 1
        size = 0
        for folder in self._folders.values():
            with self._waiting(folder.name):
                size = max(size, folder.size)
        return size > self._max_bytes // 2

    def close(self) -> None:
        """Let go of the files."""
        for folder in self._folders.values():
            folder.close()
        self._folders.clear()

    def _news(self) -> bool:
        self._find_writers()
        folders = [folder for name, folder in self._folders.items() if name not in self._held]
        return any(folder.mark.get() != self._seen.get(folder.name, _MORE) for folder in folders)

    def _find_writers(self) -> None:
        now = monotonic()
        for name, writer in self._writers.get().items():
            if self._only not in {"", name}:
                self._lineage.propose(writer.number)
            elif name in self._folders:
                self._folders[name].know(writer.identity)
            elif self._try_at.get(name, 0.0) <= now:
                self._lineage.propose(writer.number)
                # A writer that is just being made is looked for at once again.
                with self._waiting(name), suppress(FileNotFoundError):
                    self._folders[name] = WriterFolder(self._root, name, writer)
                    self._recovered(name)

    def _taken(self, one: _Unread, records: list[JournalRecord], part: int, limit: int) -> bool:
        """Add frames until they are about `part` records, and no more than `limit` in all; True when none is left."""
        name, frames = one
        enough, over, failed = min(len(records) + part, limit), False, True
        with self._waiting(name):
            while len(records) < enough and not over:
                some = next(frames, None)
                over = some is None
                records += (some or [])[: limit - len(records)]
            failed = False
            self._recovered(name)
        return over or failed

    def _recovered(self, name: str) -> None:
        if self._troubles.pop(name, ""):
            _log.info("journal: that of %s can be read again", name)

    @contextmanager
    def _waiting(self, name: str) -> Iterator[None]:
        """What the system refuses of one journal holds up no other."""
        try:
            yield
        except OSError as error:
            self._try_at[name] = monotonic() + _RETRY_S
            text = file_trouble(error)
            if self._troubles.get(name) != text:
                _log.error("journal: that of %s waits: %s", name, text)
            self._troubles[name] = text
