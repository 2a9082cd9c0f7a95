"""Copies with hits that were digested before what they are judged by: the hand-off, the message, earlier hits.

A filter may follow a link before the answer of the next server is in the journal; and after a backup was put back, an
edge's journal may be read before the one of the mail. Of a copy with more hits than a window holds, one may come late.
A verdict is a function of the facts and not of their order, so such a copy is judged from nothing when they come.
"""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from postlude.classify import LIMIT, SHARED, SIGHTING_BYTES, VERDICTS, comes_too_late, hits_left, read_window
from postlude.model.domain_name import address_key
from postlude.model.event import LATE_FACTS, Event
from postlude.model.words import EventKind, SendOutcome
from postlude.services.digest.item import Meaning
from postlude.services.digest.judge_copy import CopyJudge, Rejudged, by_copy, shared_in

MOST_HITS: Final = 1_024
"""Events of a copy. With more, a late hit is judged by what the window has: reading them all would cost too much."""
_NOTED: Final = 4_096
_ROOM: Final = LIMIT * SIGHTING_BYTES
"""Bytes of a window and of new hits that are not too many."""


class KnownEvents(Protocol):
    """The latest version of earlier events."""

    def __call__(self, wanted: dict[int, int], /) -> dict[int, Event]:
        """Those with these ids, which were seen at these times."""
        ...


class EventsOfCopies(Protocol):
    """The history."""

    def of_copies(self, copies: Sequence[int]) -> list[Event]:
        """Every event of these copies, oldest first."""
        ...


class TimelineOfCopy(Protocol):
    """The history."""

    def timeline(self, message: int, copy: int | None = None, *, limit: int = 10_000) -> list[Event]:
        """The events of one copy, oldest first: the newest `limit` of them."""
        ...


class LateFacts(NamedTuple):
    """What a batch says of copies, beside their hits."""

    sent: dict[int, int]
    """When copies were handed over."""
    domains: dict[int, str]
    """The mail domains of copies whose message is new."""
    links: dict[int, int]
    """How many links of new messages are tracked."""


class LateCopy(NamedTuple):
    """A copy with hits that were judged without some of this."""

    events: list[Event]
    """Its earlier hits and replies, with the verdicts they have."""
    sent_at: int | None
    shared: set[int]
    """Hits that neighbours were found to share."""
    domain: str = ""
    """Of its recipient's address, where its message is new."""


def late_facts(meanings: Iterable[Meaning]) -> LateFacts:
    """What these records say."""
    found = LateFacts({}, {}, {})
    for one in meanings:
        if one.attempt is not None and one.attempt.outcome is SendOutcome.ACCEPTED:
            found.sent[one.attempt.copy] = one.attempt.at
        if one.submission is not None:
            found.links[one.submission.message.id] = sum(link.tracked for link in one.submission.links)
            for copy in one.submission.copies:
                found.domains[copy.id] = address_key(copy.recipient).rpartition("@")[2]
    return found


def late_copies(
    facts: LateFacts, windows: Mapping[int, bytes], known: KnownEvents, history: EventsOfCopies
) -> dict[int, LateCopy]:
    """Those with hits, of these copies with their windows. Not those whose hits are deleted by now."""
    found: dict[int, LateCopy] = {}
    whole = [copy for copy, window in windows.items() if copy in facts.domains or hits_left(window)]
    every = history.of_copies(whole) if whole else []
    sent = {event.copy: event.at for event in every if event.kind is EventKind.SENT} | facts.sent
    of_copies = dict(by_copy(every))
    hits = {copy: read_window(window) if window else [] for copy, window in windows.items()}
    earlier = known({one.id: one.at for copy, some in hits.items() if copy not in of_copies for one in some})
    for copy, some in hits.items():
        standing = {one.id: VERDICTS[one.standing] for one in some}
        events = of_copies.get(copy) or [earlier[one.id] for one in some if one.id in earlier]
        if standing.keys() <= {event.id for event in events}:
            events = [msgspec.structs.replace(event, verdict=standing.get(event.id, event.verdict)) for event in events]
            shared = {one.id for one in some if one.code & SHARED}
            found[copy] = LateCopy(events, sent.get(copy), shared, facts.domains.get(copy, ""))
    return found


class Disordered:
    """Finds copies with more hits than a window holds of which some come after later ones. For the digest's thread."""

    def __init__(self, history: TimelineOfCopy) -> None:
        self._history = history
        self._too_many: set[int] = set()

    def find(
        self,
        windows: Mapping[int, bytes],
        news: Mapping[int, bytes],
        messages: Mapping[int, int],
        known: Container[int] = (),
    ) -> dict[int, LateCopy]:
        """Those of these copies; `news`: their new hits, packed; `known`: those that are late by other facts."""
        found: dict[int, LateCopy] = {}
        for copy, window in windows.items():
            if len(window) <= SIGHTING_BYTES or len(window) + len(news[copy]) <= _ROOM:  # nearly all of them
                continue
            if comes_too_late(window, news[copy]) and copy not in known and copy not in self._too_many:
                every = self._history.timeline(messages[copy], copy, limit=MOST_HITS + 1)
                hits = read_window(window)
                if len(every) > MOST_HITS:
                    self._note(copy)
                elif {one.id for one in hits} <= {event.id for event in every}:
                    [(_, events)] = by_copy(every)
                    sent = [event.at for event in every if event.kind is EventKind.SENT]
                    shared = shared_in(events).union(one.id for one in hits if one.code & SHARED)
                    found[copy] = LateCopy(events, sent[-1] if sent else None, shared)
        return found

    def _note(self, copy: int) -> None:
        if len(self._too_many) >= _NOTED:
            self._too_many.clear()
        self._too_many.add(copy)


def judge_late(
    late: Mapping[int, LateCopy],
    events: Sequence[Event],
    hits: Collection[int],
    marked: Mapping[int, Collection[int]],
    copy_judge: CopyJudge,
) -> tuple[Sequence[Event], Rejudged]:
    """Judge late copies from nothing: the batch's events with the verdicts of theirs, and what changes of earlier ones.

    `hits`: ids of those events of the batch that rules look at; `marked`: those that neighbours are found to share now.
    """
    new: dict[int, list[Event]] = {}
    for event in events:
        if event.copy in late and event.id in hits:
            new.setdefault(event.copy, []).append(event)
    first: dict[int, Event] = {}
    rejudged = Rejudged()
    for copy, one in late.items():
        news = new.get(copy, [])
        mine = sorted([*one.events, *news], key=lambda event: (event.at, event.id))
        judged = copy_judge.judge_copy(mine, one.sent_at, one.shared.union(marked.get(copy, ())))
        first |= {event.id: copy_judge.first_judged(event, judged) for event in news}
        rejudged.add(copy, judged, copy_judge.changes(one.events, judged, LATE_FACTS))
    return [first.get(event.id, event) for event in events] if first else events, rejudged
