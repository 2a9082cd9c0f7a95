"""Takes out hits that were recorded between a withdrawal and its arrival; what stays is judged without them."""

from collections.abc import Sequence
from typing import Final, NamedTuple, Protocol

from postlude.history import History
from postlude.kit.clock import Clock
from postlude.model.event import Event
from postlude.model.words import EventKind, HitEndpoint
from postlude.services.digest.judge_copy import Rejudged
from postlude.services.digest.rebuild import rebuilt
from postlude.services.digest.withdrawn import KNOWN_AGAIN, Withdrawn
from postlude.store import Batch, FeedEntry, Store
from postlude.store.base import chunks
from postlude.store.privacy.recording import may_record
from postlude.store.privacy.rows import TrackingStatement

_UNFINISHED: Final = "privacy:taking-out"
_DONE: Final = "privacy:taken-out"
_OF_LINKS: Final = frozenset({HitEndpoint.LINK.value, HitEndpoint.DAMAGED_LINK.value})
"""What a link that was not followed is recorded as."""


class TakenOut(NamedTuple):
    """What `WithdrawalRemoval` did."""

    messages: set[int]
    """Of which something was taken out."""
    entries: list[FeedEntry]


class JudgeAgain(Protocol):
    """Judges copies from nothing: `Windows.judge_again`."""

    def __call__(self, events: Sequence[Event], /) -> Rejudged:
        """By all events there are of these copies."""
        ...


class WithdrawalRemoval:
    """Removes hits recorded between a withdrawal and its arrival. For the digest's thread.

    Only while both stores hold the same records: then the projections can be rebuilt from the history. A crash in
    between is noticed at the next start, by a mark in `settings`.
    """

    def __init__(self, store: Store, history: History, withdrawn: Withdrawn, clock: Clock) -> None:
        self._store: Final = store
        self._history: Final = history
        self._withdrawn: Final = withdrawn
        self._clock: Final = clock
        self._due: set[str] = set(store.settings.get(_UNFINISHED, ()))
        self._done: int = store.settings.get(_DONE, 0)

    def notice(self) -> bool:
        """Learn of new choices; whether there are any to be dealt with by `run`."""
        if addresses := self._withdrawn.refresh():
            self._due |= addresses & set(self._store.privacy.chose_since(self._done - KNOWN_AGAIN).values())
        return bool(self._due)

    def run(self, judge_again: JudgeAgain) -> TakenOut:
        """Deal with them. The hits that stay are judged again, without those that were taken out."""
        newest, due = self._store.privacy.newest_choice(), sorted(self._due)
        taken_out = TakenOut(set(), [])
        for some in chunks(due):
            self._remove(some, judge_again, taken_out)
        self._due.clear()
        self._done = newest
        self._store.settings.put(_DONE, newest)
        return taken_out

    def _remove(self, addresses: Sequence[str], judge_again: JudgeAgain, taken_out: TakenOut) -> None:
        statements = self._store.privacy.statements(addresses)
        off = [one.at for words in statements.values() for one in words if one.opens or one.clicks]
        address_of = dict(self._store.privacy.copies_of(addresses)) if off else {}
        tracks = self._history.tracks(list(address_of), since=min(off)) if address_of else []
        late = [event for event in tracks if _is_late(event, statements.get(address_of[event.copy], ()))]
        unfinished = {address_of[event.copy] for event in late}
        before = self._store.settings.get(_UNFINISHED, [])
        wanted = sorted(unfinished | (set(before) & set(addresses)))
        if not wanted:
            return
        self._store.settings.put(_UNFINISHED, sorted({*before, *wanted}))
        now = self._clock.now()
        taken_out.entries.append(self._apply(Batch(remove=[event.id for event in late], at=now)))
        copies = [copy for address in wanted for copy in self._store.messages.copies_to(address)]
        made = rebuilt(self._history, copies)
        again = judge_again(made.events)
        batch = Batch(rebuilt=[made], rewindowed=again.windows, corrections=again.corrections(), at=now)
        taken_out.entries.append(self._apply(batch))
        self._store.settings.put(_UNFINISHED, sorted(set(before) - set(wanted)))
        taken_out.messages.update(copy.message for copy in copies)

    def _apply(self, batch: Batch) -> FeedEntry:
        """To both stores: what a crash in between left out of the history is read from the feed."""
        entry = self._store.digest.apply(batch)
        if entry.events or entry.remove:
            events = entry.events
            self._history.append(events, {}, remove=entry.remove, replace=events, number=entry.first)
        return entry


def _is_late(event: Event, statements: Sequence[TrackingStatement]) -> bool:
    """Whether an event must not have been recorded; what was decided on a page stays."""
    if event.facts.get("page") == HitEndpoint.PREFERENCES.value:
        return False
    may = may_record(statements, event.at)
    return not (may.clicks if event.kind is EventKind.CLICKED or event.facts.get("page") in _OF_LINKS else may.opens)
