"""Writes a part of a batch: to the state in one transaction with its journal position, then to the history.

Guarantee: every durable journal record reaches the state at least once; the journal position is written in the same
transaction, so that a record that is read again changes nothing. The same transaction writes the feed, which the
history reads: what a crash left out of the history is read from there.
"""

import logging
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from time import perf_counter
from typing import Final

from postlude.history import History
from postlude.journal import Position
from postlude.kit.clock import Clock
from postlude.model.journal_position import JournalPosition
from postlude.model.segment import SegmentLabel
from postlude.services.digest.feed_reader import HistoryFeedReader, Unread
from postlude.services.digest.item import NO_RECORDS_FAULT, QUARANTINED, Item, Meaning, RecordOutcome
from postlude.services.digest.parts import more_than_hits
from postlude.services.digest.rebuild import rebuilt
from postlude.services.digest.recognition import NewLabels
from postlude.services.digest.reconsider import Windows
from postlude.services.digest.record_incidents import incidents_of
from postlude.services.notices import Notices
from postlude.store import Batch, Copy, QuarantinedRecord, Store

_log = logging.getLogger(__name__)


class PartWriter:
    """Owned by the digest's thread. Knows how far the state has the journals."""

    def __init__(
        self,
        *,
        store: Store,
        history: History,
        clock: Clock,
        windows: Windows,
        notices: Notices | None,
        seconds: dict[str, float],
    ) -> None:
        """`seconds`: where the time that each store took is added up."""
        self._store = store
        self._history = history
        self._clock = clock
        self._windows = windows
        self._notices = notices
        self._seconds = seconds
        self._feed: Final = HistoryFeedReader(store, history, clock)
        self._in_store: dict[int, JournalPosition] = {}
        self._labels = NewLabels()
        self._folders: list[SegmentLabel] = []
        self._generation = 0

    def load(self) -> None:
        """Read where the state is, and bring the history there."""
        self._generation = self._store.integrity.generation()
        self._labels = NewLabels(self._store.integrity.journal_labels())
        self._in_store = self._store.digest.positions()
        self._windows.forget_events()
        self._folders.clear()
        self._feed.load(self._in_store, self._generation)

    def after(self) -> dict[int, Position]:
        """Where the state is, by writer."""
        return {writer: Position(writer, *place) for writer, place in self._in_store.items()}

    def note_segments(self, labels: Iterable[SegmentLabel]) -> None:
        """These segments were met. A new journal's folder is recorded at once, the others with their first record."""
        self._labels.add(labels)
        if folders := self._labels.before({}):
            self._store.integrity.note_folders(folders)
            self._labels.done(folders)
            self._folders += folders

    def write(self, items: list[Item]) -> None:
        """Write them to both stores, each record exactly once. What no store takes is quarantined."""
        start = perf_counter()
        self._halving(items)
        middle = perf_counter()
        self._feed.flush()
        end = perf_counter()
        for name, seconds in (("state", middle - start), ("history", end - middle)):
            self._seconds[name] = self._seconds.get(name, 0.0) + seconds

    def _halving(self, items: list[Item]) -> None:
        """Write the items that the state has not; if one cannot be written, all the others still are."""
        new = _behind(items, self._in_store)
        if not new:
            return
        places = _places(new)
        try:
            self._to_state(new, places)
        except NO_RECORDS_FAULT:
            raise
        except Exception as error:
            if len(new) > 1:
                middle = len(new) // 2
                self._halving(new[:middle])
                self._halving(new[middle:])
                return
            if new[0].outcome is RecordOutcome.REFUSED:
                raise
            _log.exception("a store refused the record at %s", new[0].record.position)
            new[0].fail(RecordOutcome.REFUSED, f"{type(error).__name__}: {error}")
            self._to_state(new, places)
        self._in_store.update(places)

    def _erased(self, items: list[Item]) -> list[Copy]:
        """All copies to the recipient who asked for erasure; they form a part of their own."""
        asked = [item.meaning.erase for item in items if item.meaning.erase]
        return self._store.messages.copies_like(asked[0]) if asked else []

    def _to_state(self, items: list[Item], places: dict[int, JournalPosition]) -> None:
        self._feed.flush()  # rules look at what the history has, and half a batch may be in the state alone
        now, rare, labels = self._clock.now(), more_than_hits(items), self._labels.before(places)
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
        if self._notices is not None:
            self._notices.take(entry)
        self._generation += 1
        self._windows.done(review)
        if erased:
            self._windows.forget_events()
        self._labels.done(labels)


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
