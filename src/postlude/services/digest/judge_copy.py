"""All hits of a copy judged from nothing, by what was kept of them: each by itself, then together.

`postlude reclassify` does it for the whole history. The digest does it for a copy of which something became known that
its hits were judged without: when it was handed over, what message it is, or that some of its hits may not be recorded.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, NamedTuple

import msgspec

from postlude.classify import (
    REPLY,
    RULES_VERSION,
    VERDICTS,
    Place,
    Reviewed,
    WindowSettings,
    add_hits,
    code_of,
    entry_of,
    judge,
    pack_sighting,
    people_times,
    place_of,
    program_of,
    since_class,
)
from postlude.model.event import WHY, Event, corrected
from postlude.model.observation import Hit
from postlude.model.words import EventKind, HitEndpoint
from postlude.services.digest.hits import KEPT_HEADERS, OWN_MARK, HitClassifier
from postlude.services.digest.neighbours import ONE_ADDRESS
from postlude.store import CopyTimes, Corrections

_PLACES_KEPT: Final = 20_000
_KNOWN: Final = 8192
_ENDPOINTS: Final = {
    EventKind.OPENED: HitEndpoint.PIXEL,
    EventKind.CLICKED: HitEndpoint.LINK,
    EventKind.UNSUBSCRIBED: HitEndpoint.UNSUBSCRIBE,
}
_NOT_OF_THE_HIT: Final = frozenset({*KEPT_HEADERS, "page", "method", "user_agent", "client", WHY})

_BASES: Final = tuple(Reviewed(number) for number in range(len(VERDICTS)))

LinksOf = Callable[[int], int]
"""How many links of a message are tracked; 0 where that is not known."""
Change = tuple[Event, Event]
"""An event as it was, and as it is."""


class JudgedAlone(NamedTuple):
    """What one request alone says."""

    reasons: tuple[str, ...]
    client: str
    code: int
    program: int
    base: int


class JudgedCopy(NamedTuple):
    """A copy's window made from nothing, and what that says of each of its hits."""

    window: bytes
    verdicts: dict[int, Reviewed]
    """By event."""
    alone: dict[int, JudgedAlone]


class CopyJudge:
    """Owned by the digest's thread. Remembers what it saw of programs and places, bounded."""

    def __init__(
        self,
        links_of: LinksOf,
        classifier: HitClassifier = judge,
        rules_version: int = RULES_VERSION,
        settings: WindowSettings = WindowSettings(),  # noqa: B008 - frozen
    ) -> None:
        self._links_of = links_of
        self._classify = classifier
        self._version = rules_version
        self._settings = settings
        self._known: dict[tuple[object, ...], JudgedAlone] = {}
        self._places: dict[str, Place] = {}

    def place(self, address: str) -> Place:
        """As `place_of`."""
        place = self._places.get(address)
        if place is None:
            if len(self._places) > _PLACES_KEPT:
                self._places.clear()
            place = self._places[address] = place_of(address)
        return place

    def alone(self, event: Event, sent_at: int | None) -> JudgedAlone:
        """One event's request by itself."""
        since = since_class(None if sent_at is None else event.at - sent_at)
        facts = event.facts
        own = event.message if OWN_MARK in facts else 0  # whose visit that is depends on who sent the message
        key = (event.kind, since, own, *((name, value) for name, value in facts.items() if name != WHY))
        known = None if own else self._known.get(key)
        if known is None:
            hit = _as_hit(event)
            judgement = self._classify(hit, sent_at=sent_at)
            base = VERDICTS.index(judgement.verdict)
            code, program = code_of(hit, judgement, sent_at=sent_at), program_of(hit.user_agent)
            if len(self._known) >= _KNOWN:
                self._known.clear()
            known = self._known[key] = JudgedAlone(judgement.reasons, judgement.client, code, program, base)
        return known

    def judge_copy(self, events: Sequence[Event], sent_at: int | None, shared: Collection[int]) -> JudgedCopy:
        """All hits and replies of one copy. `shared`: those that neighbours show to be one visitor's to many."""
        alone: dict[int, JudgedAlone] = {}
        entries = []
        for event in events:
            if event.kind is EventKind.REPLIED:
                entries.append(pack_sighting(event.at, event.id, REPLY, -1, 0, 0, 0))
                continue
            one = alone[event.id] = self.alone(event, sent_at)
            entries.append(
                entry_of(event.at, event.id, one.code, event.position, self.place(event.address), one.program)
            )
        message = events[0].message
        added = add_hits(b"", b"".join(entries), self._settings, lambda: self._links_of(message), shared)
        verdicts = {number: added.reviewed.get(number) or _BASES[one.base] for number, one in alone.items()}
        return JudgedCopy(added.window, verdicts, alone)

    def changes(self, events: Iterable[Event], judged: JudgedCopy, cause: str) -> Iterator[Change]:
        """Which of these have another verdict now: as they were, and as they are."""
        for event in events:
            reviewed = judged.verdicts.get(event.id)
            if reviewed is None or (verdict := VERDICTS[reviewed.verdict]) is event.verdict:
                continue
            named, why = _with_client(event, judged.alone[event.id].client), reviewed.why
            reasons = _reasons(judged, event.id)
            new = corrected(named, verdict, reasons, why=why, rules_version=self._version, cause=cause)
            yield event, new

    def first_judged(self, event: Event, judged: JudgedCopy) -> Event:
        """An event that is not stored yet, with its verdict."""
        reviewed = judged.verdicts.get(event.id)
        if reviewed is None:
            return event
        facts = event.facts | ({WHY: reviewed.why} if reviewed.why else {})
        verdict = VERDICTS[reviewed.verdict]
        return msgspec.structs.replace(event, verdict=verdict, reasons=_reasons(judged, event.id), facts=facts)


class Rejudged:
    """What copies that were judged from nothing change, gathered for one transaction."""

    def __init__(self) -> None:
        self.windows: Final[dict[int, bytes]] = {}
        self._before: list[Event] = []
        self._after: list[Event] = []
        self._times: dict[int, CopyTimes] = {}

    def add(self, copy: int, judged: JudgedCopy, changes: Iterable[Change]) -> None:
        """One copy."""
        self.windows[copy] = judged.window
        if pairs := list(changes):
            self._before += [old for old, _ in pairs]
            self._after += [new for _, new in pairs]
            self._times[copy] = CopyTimes(*people_times(judged.window))

    def corrections(self, others: Corrections = Corrections()) -> Corrections:  # noqa: B008 - frozen
        """All of them, and `others`."""
        return Corrections(
            [*others.before, *self._before], [*others.after, *self._after], {**others.times, **self._times}
        )


def by_copy(events: Iterable[Event]) -> list[tuple[int, list[Event]]]:
    """Those of these events that rules look at, by copy, oldest first."""
    wanted = (event for event in events if event.copy and is_looked_at(event))
    ordered = sorted(wanted, key=lambda event: (event.copy, event.at, event.id))
    return [(copy, list(some)) for copy, some in groupby(ordered, key=lambda event: event.copy)]


def shared_in(events: Iterable[Event]) -> set[int]:
    """Those that neighbours were found to share, as they say themselves."""
    return {event.id for event in events if ONE_ADDRESS in event.reasons}


def is_looked_at(event: Event) -> bool:
    """Whether it is a hit, or a reply."""
    return event.rules_version > 0 or event.kind is EventKind.REPLIED


def _reasons(judged: JudgedCopy, number: int) -> tuple[str, ...]:
    several = judged.verdicts[number].reasons
    return (*several, *(rule for rule in judged.alone[number].reasons if rule not in several))


def _with_client(event: Event, client: str) -> Event:
    if event.facts.get("client", "") == client:
        return event
    facts = {name: value for name, value in event.facts.items() if name != "client"}
    return msgspec.structs.replace(event, facts=facts | ({"client": client} if client else {}))


def _as_hit(event: Event) -> Hit:
    """The hit an event was made of, as far as rules look at it."""
    facts: Mapping[str, str] = event.facts
    rest = {name: value for name, value in facts.items() if name not in _NOT_OF_THE_HIT}
    headers = {name: facts[name] for name in KEPT_HEADERS if name in facts}
    endpoint = _ENDPOINTS.get(event.kind) or HitEndpoint(facts.get("page", ""))
    method, agent = facts.get("method", "GET"), facts.get("user_agent", "")
    return Hit(
        event.at, endpoint, 0, event.message, event.copy, event.position, method, agent, event.address, headers, rest
    )
