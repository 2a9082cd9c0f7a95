"""The history as the feed's first reader: it takes what the state has committed, and after a crash what it missed."""

import logging
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from postlude.history import History
from postlude.kit.clock import Clock
from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.segment import SegmentLabel
from postlude.services.digest.item import NO_RECORDS_FAULT, Item
from postlude.store import FeedEntry, Incident, Store

_NOWHERE = JournalPosition(0, 0)
_log = logging.getLogger(__name__)


class Unread(NamedTuple):
    """What the state has and the history has not."""

    entry: FeedEntry
    places: Mapping[int, JournalPosition]
    labels: Sequence[SegmentLabel]
    generation: int
    replace: Sequence[Event]
    """Events of which the history may have a row."""


class HistoryFeedReader:
    """Owned by the digest's thread."""

    def __init__(self, store: Store, history: History, clock: Clock) -> None:
        self._store = store
        self._history = history
        self._clock = clock
        self._had: dict[int, JournalPosition] = {}
        self._unread: list[Unread] = []

    def load(self, in_store: Mapping[int, JournalPosition], generation: int) -> None:
        """Bring the history forward to where the state is, with what it has not read of the feed."""
        self._unread.clear()
        self._had = self._history.positions()
        for entry in self._store.feed.after(self._history.cursor()):
            self._take(Unread(entry, {}, (), 0, entry.events))
        known = set(self._history.journal_labels())
        new = [label for label in self._store.integrity.journal_labels() if label not in known]
        behind = {writer: place for writer, place in in_store.items() if self._had.get(writer, _NOWHERE) < place}
        if behind or new:
            self._history.append([], behind, labels=new, generation=generation)

    def had(self, items: Sequence[Item], in_store: Mapping[int, JournalPosition]) -> set[int]:
        """Ids of events that the history had already when the state was put back; nearly always empty."""
        ahead = {writer: place for writer, place in self._had.items() if in_store.get(writer, _NOWHERE) < place}
        if not ahead:
            return set()
        return {event.id for item in items if _is_before(item, ahead) for event in item.meaning.events}

    def add(self, unread: Unread) -> None:
        """The state has committed this."""
        self._unread.append(unread)

    def flush(self) -> None:
        """Have the history take it. What StorageError keeps from it is read from the feed again."""
        for one in self._unread:
            self._take(one)
        self._unread.clear()

    def _take(self, one: Unread) -> None:
        try:
            self._append(one, one.entry.events)
        except NO_RECORDS_FAULT:
            raise
        except Exception:  # noqa: BLE001 - whatever it is, it is one event's
            self._singly(one)

    def _singly(self, one: Unread) -> None:
        """Every event by itself: one that cannot be stored does not keep the others out."""
        for place, event in enumerate(one.entry.events):
            try:
                self._history.append([event], {}, replace=[event], number=one.entry.first + place)
            except NO_RECORDS_FAULT:
                raise
            except Exception as error:  # noqa: BLE001 - as above
                _log.exception("the history refused event %d", event.id)
                text = f"the history cannot hold event {event.id}: {type(error).__name__}: {error}"
                key = f"history-refused:{event.id}"
                self._store.integrity.add_incidents([Incident(key, self._clock.now(), "history", text)])
        self._append(one, ())

    def _append(self, one: Unread, events: Sequence[Event]) -> None:
        entry = one.entry
        says = entry.events or entry.erase or entry.remove
        self._history.append(
            events,
            one.places,
            erase=entry.erase,
            remove=entry.remove,
            replace=one.replace if events else (),
            labels=one.labels,
            generation=one.generation,
            number=(entry.first if events else entry.last) if says else 0,
        )


def _is_before(item: Item, places: Mapping[int, JournalPosition]) -> bool:
    record = item.record
    return (record.segment, record.offset) < places.get(record.writer, _NOWHERE)
