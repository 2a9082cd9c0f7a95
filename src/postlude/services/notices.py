"""Opens and clicks by people, told once their verdict has stood: what acts on them reads here, and not the hits.

An event is held for some seconds after it is read from the feed. A verdict that changes in that time is never told; one
that changes later is taken back. Corrections by `postlude reclassify` are about the past: they tell nothing new.
"""

from collections.abc import Iterable
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.event import RECLASSIFY, Event
from postlude.model.words import PEOPLE, EventKind
from postlude.store import FeedEntry, Notice, Store

HOLD_SECONDS: Final = 10
_TOLD: Final = frozenset({EventKind.OPENED, EventKind.CLICKED})


class Notices:
    """A reader of the feed, in the digest's thread. After a restart it reads on behind what is settled."""

    def __init__(self, store: Store, clock: Clock, hold_seconds: float = HOLD_SECONDS) -> None:
        self._store = store
        self._clock = clock
        self._hold = round(hold_seconds * MICROS_PER_SECOND)
        self._held: dict[int, tuple[int, int, Event]] = {}
        self._taken_back: list[int] = []
        self._read_to = self._written = 0

    def load(self) -> None:
        """Read the feed from where all is settled; the first time from its end: nothing is told of the past."""
        cursor = self._store.notices.cursor()
        self._held.clear()
        self._taken_back.clear()
        self._read_to = self._written = self._store.feed.head() if cursor is None else cursor
        for entry in self._store.feed.after(self._read_to):
            self.take(entry)

    def take(self, entry: FeedEntry) -> None:
        """Look at what was added to the feed; an entry without events, erasures and removals says nothing."""
        if not (entry.events or entry.erase or entry.remove):
            return
        events, due = entry.events, self._clock.now() + self._hold
        for place, event in enumerate(events):
            number = entry.first + place
            if event.kind in _TOLD and number > self._read_to:
                if event.cause:
                    self._correct(event, number, due)
                elif event.verdict in PEOPLE:
                    self._held[event.id] = (due, number, event)
        self._forget(entry)
        self._read_to = max(self._read_to, entry.last)

    def step(self) -> list[Notice]:
        """Tell what has stood long enough; returns that. Cheap when nothing is due."""
        now = self._clock.now()
        # What is due later than it can be was taken while the clock was ahead.
        due = [held for held in self._held.values() if not now < held[0] <= now + self._hold] if self._held else []
        if not due and not self._taken_back and (self._held or self._read_to == self._written):
            return []
        shown = [_notice(event, now) for _, _, event in due]
        for _, _, event in due:
            del self._held[event.id]
        cursor = min((number for _, number, _ in self._held.values()), default=self._read_to + 1) - 1
        self._store.notices.write(shown, self._taken_back, cursor, now)
        self._taken_back.clear()
        self._written = cursor
        return shown

    def _correct(self, event: Event, number: int, due: int) -> None:
        held = self._held.pop(event.id, None)
        if event.verdict in PEOPLE:
            if held is not None:
                self._held[event.id] = (held[0], held[1], event)
            elif event.cause != RECLASSIFY and event.first_verdict not in PEOPLE:
                self._held[event.id] = (due, number, event)
        elif held is None:
            self._taken_back.append(event.id)

    def _forget(self, entry: FeedEntry) -> None:
        if entry.erase or entry.remove:
            gone, copies = set(entry.remove), set(entry.erase)
            self._drop(event for _, _, event in self._held.values() if event.id in gone or event.copy in copies)

    def _drop(self, events: Iterable[Event]) -> None:
        for event in list(events):
            del self._held[event.id]


def _notice(event: Event, now: int) -> Notice:
    return Notice(
        event=event.id,
        workspace=event.workspace,
        message=event.message,
        copy=event.copy,
        kind=event.kind,
        position=event.position,
        at=event.at,
        shown_at=now,
    )
