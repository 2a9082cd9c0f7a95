"""The digest: journal records become events in the history and projections in the state, each exactly once.

Guarantee: every durable journal record reaches the state at least once; the journal position is written in the same
transaction, so that a record that is read again changes nothing. The same transaction writes the feed, which the
history reads: what a crash left out of the history is read from there.
"""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from time import perf_counter
from typing import Final, Protocol

import msgspec

from postlude.history import History
from postlude.journal import SEVEN_DAYS, JournalFinding, JournalRecord, Known, Position
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.loop import STANDS_STILL_S, ThreadLoop
from postlude.model.journal_position import JournalPosition
from postlude.model.observation import Attempt, RawHit, Resolved, Returned, Submitted, Webhook
from postlude.model.segment import SegmentLabel
from postlude.services.change_feed import Changes
from postlude.services.digest.feed_reader import HistoryFeedReader, Unread
from postlude.services.digest.item import NO_RECORDS_FAULT, QUARANTINED, Item, Meaning, RecordOutcome
from postlude.services.digest.preferences import is_erasure
from postlude.services.digest.rebuild import rebuilt
from postlude.services.digest.recognition import NewLabels, as_incidents, compare
from postlude.services.digest.reconsider import Windows
from postlude.services.digest.steps import RecordSteps
from postlude.services.digest.told import incidents_of
from postlude.services.digest.withdrawal_removal import WithdrawalRemoval
from postlude.services.notices import Notices
from postlude.services.ports import Journals, Wake
from postlude.store import Batch, Copy, FeedEntry, QuarantinedRecord, Store

BATCH_RECORDS: Final = 8_000  # of a backlog: about 0.2 s of work and 12 MB; larger ones gained nothing (measured)
COLLECT: Final = (50_000, 20, 20)
"""Thresholds of the garbage collector for a process that digests: a batch holds 50,000 short-lived tuples, which the
default looks through 70 times and finds nothing (a tenth of the digest's time, measured)."""
_SUBMISSIONS: Final = 64
_IDLE_SECONDS: Final = 0.5
_BREATH_SECONDS: Final = 0.05
# After a small batch the next one gathers for twice as long as this one took: a transaction of both stores costs as
# much as a thousand events (measured), and what sends meanwhile needs the processor more than a timeline does.
_SMALL: Final = 2000
_REST: Final = 2.0
_GATHER_SECONDS: Final = 0.2
_TRIM_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class MaintenanceStep(Protocol):
    """Work that is done in small steps while nothing comes in."""

    def __call__(self) -> bool:
        """Do one step; True when there is more."""
        ...


class Journal(Protocol):
    """What is read from."""

    @property
    def problem(self) -> str:
        """Which journal cannot be read; empty when all can."""
        ...

    def read(self, after: Mapping[int, Position], limit: int) -> list[JournalRecord]:
        """Durable records from `after` on."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """True when something new may be there."""
        ...

    def behind(self, done: Mapping[int, Position]) -> int:
        """Bytes of durable records behind `done`."""
        ...

    def trim(self, done: Mapping[int, Position], keep_seconds: float = SEVEN_DAYS) -> object:
        """Delete segments before `done` that are older than `keep_seconds`."""
        ...

    def roll(self) -> None:
        """Have every writer go on in a new segment."""
        ...

    def rolled(self, done: Mapping[int, Position]) -> bool:
        """Whether they did, and all before lies before `done`."""
        ...

    def crowded(self) -> bool:
        """Whether a journal takes so much of what it may that trimming cannot wait."""
        ...

    def recognise(self, known: Known) -> None:
        """Start again from the stores' positions."""
        ...

    def pop_findings(self) -> list[JournalFinding]:
        """What was found wrong since this was asked last."""
        ...

    def pop_labels(self) -> list[SegmentLabel]:
        """Which segments were met since this was asked last."""
        ...


class AddressForgetter(Protocol):
    """Forgets addresses in every store and folder."""

    def due(self) -> bool:
        """Whether an address is waiting to be forgotten."""
        ...

    def run(self, journals: Journals) -> bool:
        """Forget them in the stores and have the journals roll; when those have, delete what they said. True: done."""
        ...

    def last_at(self) -> int:
        """When an address was last forgotten, 0: never."""
        ...


class DigestState(msgspec.Struct):
    """How the digest is doing, for the operations page and `/healthz`."""

    records: int = 0
    """Digested since the start of this process."""
    batches: int = 0
    behind: int = 0
    """About how many records wait to be digested."""
    last_at: int = 0
    """When the last batch was finished."""
    idle_at: int = 0
    """When it last found nothing left to do."""
    seconds: dict[str, float] = {}
    """Time spent by step since the start."""


class Digest:
    """Owned by one thread of the one app process."""

    def __init__(
        self,
        *,
        journal: Journal,
        store: Store,
        history: History,
        record_steps: RecordSteps,
        changes: Changes,
        clock: Clock,
        chosen: Wake = lambda: None,
        maintenance: MaintenanceStep = lambda: False,
        housekeeping: Wake = lambda: None,
        removal: WithdrawalRemoval | None = None,
        forgetter: AddressForgetter | None = None,
        batch_records: int = BATCH_RECORDS,
        windows: Windows | None = None,
        notices: Notices | None = None,
    ) -> None:
        """Three callbacks run in the digest's thread.

        `chosen`: recipients' choices about tracking have reached the store. `maintenance`: between two batches, when
        both stores hold the same records; it does a little work and returns whether there is more. `housekeeping`: once
        a minute, when everything in the journal is digested.
        """
        self._journal = journal
        self._store = store
        self._history = history
        self._record_steps = record_steps
        self._changes = changes
        self._clock = clock
        self._chosen = chosen
        self._maintenance = maintenance
        self._housekeeping = housekeeping
        self._removal = removal
        self._forgetter = forgetter
        self._batch_records = batch_records
        self._notices = notices
        self._windows = windows or Windows(store.messages, history, classifier=record_steps.hits.classifier)
        self._feed: Final = HistoryFeedReader(store, history, clock)
        self._in_store: dict[int, JournalPosition] = {}
        self._new_in_store = NewLabels()
        self._folders: list[SegmentLabel] = []
        self._generation = 0
        self._loaded = self._more = False
        self._trimmed = 0
        self._loop: Final = ThreadLoop(
            "digest",
            self._round,
            expected=NO_RECORDS_FAULT,
            problem="the digest waits",
            patience_s=STANDS_STILL_S,
        )
        self.state: Final = DigestState(seconds=record_steps.seconds)

    def run(self, stop: threading.Event) -> None:
        """Digest until `stop` is set. A full disk or a locked store makes it wait and try again, never end."""
        self._trimmed = self._clock.now()
        self._loop.run(stop)

    @property
    def problem(self) -> str:
        """Why the digest is stopped, or which journal it cannot read; empty when it takes everything."""
        return self._loop.problem or self._journal.problem

    def _round(self) -> float:
        """One batch, and what is done between two; returns how long the next one gathers."""
        begun = perf_counter()
        try:
            count = self.step()
            if count < self._batch_records:
                self._forget()
            if self._notices is not None:
                self._notices.step()
            more = self._maintenance()
            if more or self._more:
                self._windows.forget()
            self._more = more
            if count < self._batch_records and not more:
                more = self._history.merge()
            if not 0 <= self._clock.now() - self._trimmed <= _TRIM_SECONDS * MICROS_PER_SECOND:
                self._trimmed = self._clock.now()
                self._journal.trim(self._after(), self._kept_seconds())
                if count < self._batch_records:
                    self._housekeeping()
            elif count and self._journal.crowded():
                self._journal.trim(self._after())
        except Exception:
            self._loaded = False  # the positions are read from the stores again
            raise
        if not count:
            self._loop.worked()
            self._journal.wait(_BREATH_SECONDS if more else _IDLE_SECONDS)
        return min(_GATHER_SECONDS, _REST * (perf_counter() - begun)) if 0 < count < _SMALL else 0.0

    def step(self) -> int:
        """Digest one batch; the number of records, 0 when there was none."""
        if not self._loaded:
            self._load()
        self._keep_to_choices()
        records = self._journal.read(self._after(), self._batch_records)
        self._note_segments()
        if records:
            items = self._record_steps.decode(records)
            for part in _parts(items):
                self._digest(part)
            self.state.records += len(records)
            self.state.batches += 1
            full = len(records) == self._batch_records
            self.state.behind = self._journal.behind(self._after()) // _mean_size(records) if full else 0
        self.state.last_at = self._clock.now()
        if not records:
            self.state.idle_at = self.state.last_at
            self.state.behind = 0
        return len(records)

    def _keep_to_choices(self) -> None:
        """Learn what was withdrawn, and take out what is recorded in spite of it."""
        removal = self._removal
        if removal is not None and removal.notice():
            taken_out = removal.run(self._windows.judge_again)
            self._changes.publish(taken_out.messages)
            self._windows.forget_events()
            for entry in taken_out.entries:
                self._tell(entry)

    def catch_up(self) -> int:
        """Digest all records; returns their number."""
        total = 0
        while True:
            while count := self.step():
                total += count
            if self._forget():
                return total
            self._journal.wait(_IDLE_SECONDS)

    def _note_segments(self) -> None:
        """Damage of a journal is recorded before any later record is digested."""
        labels = self._journal.pop_labels()
        self._new_in_store.add(labels)
        if folders := self._new_in_store.before({}):
            self._store.integrity.note_folders(folders)
            self._new_in_store.done(folders)
            self._folders += folders
        if findings := self._journal.pop_findings():
            for finding in findings:
                _log.error("journal: %s", finding.text)
            self._store.integrity.add_incidents(as_incidents(findings, self._clock.now()))

    def _forget(self) -> bool:
        """Forget who is to be forgotten, when what was journaled of them is digested in both stores.

        False while the journals have not begun the new segments for that.
        """
        if self._forgetter is None or not self._forgetter.due():
            return True
        self._windows.forget_events()
        after = self._after()
        journal = self._journal
        return self._forgetter.run(
            Journals(journal.roll, partial(journal.rolled, after), partial(journal.trim, after, 0))
        )

    def _kept_seconds(self) -> float:
        """How long digested segments are kept; shorter for segments from before an address was forgotten."""
        forgotten = self._forgetter.last_at() if self._forgetter is not None else 0
        return min(SEVEN_DAYS, (self._clock.now() - forgotten) / MICROS_PER_SECOND)

    def _load(self) -> None:
        compare(self._journal, self._store, self._history, self._clock)
        self._generation = self._store.integrity.generation()
        self._new_in_store = NewLabels(self._store.integrity.journal_labels())
        self._in_store = self._store.digest.positions()
        self._windows.forget_events()
        self._folders.clear()
        self._feed.load(self._in_store, self._generation)
        if self._notices is not None:
            self._notices.load()
        self._loaded = True

    def _after(self) -> dict[int, Position]:
        """Where the state is, by writer."""
        return {writer: Position(writer, *place) for writer, place in self._in_store.items()}

    def _digest(self, items: list[Item]) -> None:
        self._record_steps.run(items)
        start = perf_counter()
        self._halving(items, self._in_store, self._to_store)
        middle = perf_counter()
        self._feed.flush()
        end = perf_counter()
        for name, seconds in (("state", middle - start), ("history", end - middle)):
            self.state.seconds[name] = self.state.seconds.get(name, 0.0) + seconds
        rare = _rare(items)
        for item in rare:
            if item.meaning.afterwards is not None:
                _clean_up(item.meaning.afterwards)
        if any(item.meaning.choice is not None for item in rare):
            self._chosen()
        self._changes.publish({event.message for item in items for event in item.meaning.events if event.message})

    def _halving(
        self,
        items: list[Item],
        taken: dict[int, JournalPosition],
        write: Callable[[list[Item], dict[int, JournalPosition]], None],
    ) -> None:
        """Write the items after the position `taken`; if one cannot be written, all the others still are."""
        new = _behind(items, taken)
        if not new:
            return
        places = _places(new)
        try:
            write(new, places)
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:
            if len(new) > 1:
                middle = len(new) // 2
                self._halving(new[:middle], taken, write)
                self._halving(new[middle:], taken, write)
                return
            if new[0].outcome is RecordOutcome.REFUSED:
                raise
            _log.exception("a store refused the record at %s", new[0].record.position)
            new[0].fail(RecordOutcome.REFUSED, f"{type(error).__name__}: {error}")
            write(new, places)
        taken.update(places)

    def _erased(self, items: list[Item]) -> list[Copy]:
        """All copies to the recipient who asked for erasure; they form a part of their own."""
        asked = [item.meaning.erase for item in items if item.meaning.erase]
        return self._store.messages.copies_like(asked[0]) if asked else []

    def _to_store(self, items: list[Item], places: dict[int, JournalPosition]) -> None:
        self._feed.flush()  # rules look at what the history has, and half a batch may be in the state alone
        now, rare, labels = self._clock.now(), _rare(items), self._new_in_store.before(places)
        erased = self._erased(rare)
        review = self._windows.review(items)
        batch = _of_meanings([item.meaning for item in rare])
        batch.events, batch.corrections = review.events, review.corrections
        if erased:
            batch.erase = [copy.id for copy in erased]
            batch.rebuilt = [rebuilt(self._history, erased, without_tracks=True)]
            batch.rewindowed = self._windows.judge_again(batch.rebuilt[0].events).windows
        else:
            batch.windows, batch.rewindowed = review.windows, review.rewindowed
        batch.quarantined = [_quarantined_record(item, now) for item in rare if item.outcome in QUARANTINED]
        batch.outcomes, batch.positions, batch.labels = _outcomes(len(items), rare), places, labels
        batch.generation, batch.at = self._generation + 1, now
        # Told first: a crash in between may tell of it twice, which the key prevents, and never not at all.
        self._store.integrity.add_incidents(incidents_of(rare, now))
        entry = self._store.digest.apply(batch)
        again = self._feed.had(items, self._in_store)
        replaced = [*review.corrections.after, *(event for event in review.events if event.id in again)]
        self._feed.add(Unread(entry, dict(places), [*self._folders, *labels], self._generation, replaced))
        self._folders.clear()
        self._tell(entry)
        self._generation += 1
        self._windows.done(review)
        if erased:
            self._windows.forget_events()
        self._new_in_store.done(labels)

    def _tell(self, entry: FeedEntry) -> None:
        if self._notices is not None and (entry.events or entry.erase or entry.remove):
            self._notices.take(entry)


def _clean_up(afterwards: Callable[[], None]) -> None:
    """What a disk refuses here is only left over: the stores have the record, and who waits for it must be told."""
    try:
        afterwards()
    except NO_RECORDS_FAULT as error:
        _log.error("something that is not needed any more could not be deleted: %s", error)


def _of_meanings(meanings: Sequence[Meaning]) -> Batch:
    """What records other than frequent hits add."""
    return Batch(
        submissions=[one.submission for one in meanings if one.submission is not None],
        workers=[one.worker for one in meanings if one.worker],
        started=[copy for one in meanings for copy in one.started],
        started_generation=max((one.started_generation for one in meanings), default=0),
        attempts=[one.attempt for one in meanings if one.attempt is not None],
        resends=[one.resend for one in meanings if one.resend],
        aliases=[alias for one in meanings for alias in one.aliases],
        suppress=[each for one in meanings for each in one.suppress],
        unmatched=[each for one in meanings for each in one.unmatched],
        resolutions=[each for one in meanings for each in one.resolutions],
        seen=[each for one in meanings for each in one.seen],
        confirmations=[one.confirmation for one in meanings if one.confirmation is not None],
        choices=[one.choice for one in meanings if one.choice is not None],
        requests=[one.request for one in meanings if one.request is not None],
    )


def _parts(items: Iterable[Item]) -> list[list[Item]]:
    """Split a batch so that returned mail follows the outgoing mail it is matched against.

    For the same reason a user's decision follows the finding it is about.

    An erasure is its own part: both stores hold everything before it and nothing after it.

    A few submitted messages form a part: each costs milliseconds, and the first must not wait for the last.
    """
    parts: list[list[Item]] = [[]]
    sending = returning = False
    submitted = 0
    for item in items:
        seen = item.observation
        if seen.__class__ is RawHit:
            parts[-1].append(item)
            continue
        if is_erasure(seen):
            parts += [[item], []]
            sending = returning = False
            continue
        if (sending and isinstance(seen, Returned | Webhook)) or (returning and isinstance(seen, Resolved)):
            parts.append([])
            sending = returning = False
        if isinstance(seen, Submitted):
            submitted += 1
            if not submitted % _SUBMISSIONS:
                parts.append([])
        sending = sending or isinstance(seen, Submitted | Attempt)
        returning = returning or isinstance(seen, Returned | Webhook)
        parts[-1].append(item)
    return [part for part in parts if part]


def _rare(items: Iterable[Item]) -> list[Item]:
    """All items except hits on pixels and links that became exactly one event."""
    return [
        item for item in items if item.outcome is not RecordOutcome.COUNTED or item.observation.__class__ is not RawHit
    ]


def _mean_size(records: Sequence[JournalRecord]) -> int:
    return sum(len(record.data) for record in records) // len(records)


def _behind(items: list[Item], taken: Mapping[int, JournalPosition]) -> list[Item]:
    """The items after the committed positions: nearly always all, which the first item of each writer shows."""
    nothing = (0, 0)
    first = {item.record.writer: item.record for item in reversed(items)}
    if all(record[1:3] >= taken.get(writer, nothing) for writer, record in first.items()):
        return items
    return [
        item for item in items if (item.record.segment, item.record.offset) >= taken.get(item.record.writer, nothing)
    ]


def _outcomes(every: int, rare: list[Item]) -> dict[str, int]:
    counts = Counter(item.outcome.value for item in rare if item.outcome is not None)
    counts[RecordOutcome.COUNTED.value] += every - len(rare)
    return {name: count for name, count in counts.items() if count}


def _places(items: Iterable[Item]) -> dict[int, JournalPosition]:
    last = {item.record.writer: item.record for item in items}
    return {
        writer: JournalPosition(record.segment, record.offset + len(record.data)) for writer, record in last.items()
    }


def _quarantined_record(item: Item, now: int) -> QuarantinedRecord:
    place = item.record.position
    waiting = item.outcome is RecordOutcome.WAITING
    return QuarantinedRecord(place.writer, place.segment, place.offset, now, item.reason, item.record.data, waiting)
