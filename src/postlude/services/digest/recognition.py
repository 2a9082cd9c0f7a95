"""Whether state, history and journal belong together: what the digest compares before it reads, and what follows."""

from collections.abc import Collection, Iterable, Mapping
from typing import Protocol

from postlude.history import History
from postlude.journal import JournalFinding, Known
from postlude.kit.clock import Clock
from postlude.model.journal_position import JournalPosition
from postlude.model.segment import SegmentLabel
from postlude.store import Incident, Store

OLDER_STATE = (
    "the database is older than the history beside it (step {state} of {history}): it was put back from a backup, or "
    "lost its last changes. What was sent since is in the journal and is read again; nothing leaves until you say "
    "`postlude resume-sending`"
)
EMPTY_HISTORY = (
    "the history was empty beside a database that was used: it is made again from what the feed still has. Events that "
    "are older than that are missing in it"
)


class NewLabels:
    """Segments not yet recorded in one of the stores: written with the first batch that has records of them."""

    def __init__(self, known: Iterable[SegmentLabel] = ()) -> None:
        self._known = set(known)
        self._waiting: list[SegmentLabel] = []

    def add(self, labels: Iterable[SegmentLabel]) -> None:
        """These segments were met."""
        self._waiting += [label for label in labels if label not in self._known]

    def before(self, places: Mapping[int, JournalPosition]) -> list[SegmentLabel]:
        """Those that a store knows once it has moved to these places."""
        nowhere = (0, 0)
        return [label for label in self._waiting if label.segment <= places.get(label.writer, nowhere)[0]]

    def done(self, labels: Collection[SegmentLabel]) -> None:
        """The store has them."""
        if labels:
            self._known.update(labels)
            self._waiting = [label for label in self._waiting if label not in self._known]


class Recognising(Protocol):
    """The reader of the journals."""

    def recognise(self, known: Known) -> None:
        """Start again from what the stores recorded."""
        ...


def compare(journal: Recognising, store: Store, history: History, clock: Clock) -> None:
    """Give the reader the known segments; pause sending if the state is older than the history. Raises StorageError."""
    in_store, in_history = store.digest.positions(), history.positions()
    labels = {*store.integrity.journal_labels(), *history.journal_labels()}
    journal.recognise(Known(_furthest(in_store, in_history), labels))
    state, seen = store.integrity.generation(), history.generation()
    if state < seen:
        text = OLDER_STATE.format(state=state, history=seen)
        now = clock.now()
        store.integrity.add_incidents([Incident(f"older-state:{state}:{seen}", now, "older-state", text)])
        store.integrity.pause_sending(text, now)
        store.integrity.raise_generation(seen)  # reported once; from here on both stores continue together
    if (read := history.cursor()) > store.feed.head():
        store.feed.skip_to(read, clock.now())
    if in_store and not in_history and state >= seen:
        store.integrity.add_incidents([Incident(f"empty-history:{state}", clock.now(), "history", EMPTY_HISTORY)])


def as_incidents(findings: Iterable[JournalFinding], now: int) -> list[Incident]:
    """The reader's findings as they are stored."""
    return [Incident(one.key, now, one.kind, one.text, one.writer) for one in findings]


def _furthest(some: Mapping[int, JournalPosition], others: Mapping[int, JournalPosition]) -> dict[int, JournalPosition]:
    nothing = JournalPosition(0, 0)
    return {
        writer: max(some.get(writer, nothing), others.get(writer, nothing)) for writer in some.keys() | others.keys()
    }
