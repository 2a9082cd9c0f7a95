"""Hits at the edge: opens, clicks, unsubscribes, pages looked at."""

from collections.abc import Collection, Iterable, Mapping
from typing import Final, NamedTuple, Protocol

from postlude.classify import (
    RULES_VERSION,
    Judgement,
    Place,
    code_of,
    crowd_key,
    entry_of,
    is_plain,
    judge,
    place_of,
    program_of,
    since_class,
)
from postlude.kit.bounded import NumberCache
from postlude.kit.ids import ID_BITS
from postlude.model.event import Event
from postlude.model.observation import Attempt, Hit, RawHit, decode_observation
from postlude.model.words import EventKind, HitEndpoint, SendOutcome, Verdict
from postlude.services.digest.item import Item, Meaning, RecordOutcome
from postlude.services.digest.preferences import DECIDING, bare, chosen, leaves_no_trace
from postlude.services.digest.suppression_policy import of_hit
from postlude.services.digest.withdrawn import Withdrawn
from postlude.store import Confirmation

_SENT_TIMES_KEPT: Final = 131_071  # two megabytes; a dictionary would take 16 times as much
MAX_ID: Final = (1 << ID_BITS) - 1
_PLACES_KEPT: Final = 20_000

_KINDS: Final = {
    HitEndpoint.PIXEL: EventKind.OPENED,
    HitEndpoint.LINK: EventKind.CLICKED,
    HitEndpoint.UNSUBSCRIBE: EventKind.UNSUBSCRIBED,
    HitEndpoint.UNSUBSCRIBE_PAGE: EventKind.VIEWED,
    HitEndpoint.PREFERENCES_PAGE: EventKind.VIEWED,
    HitEndpoint.PREFERENCES: EventKind.VIEWED,
    HitEndpoint.VIEW: EventKind.VIEWED,
    HitEndpoint.DAMAGED_LINK: EventKind.VIEWED,
}
_NOT_FOLLOWED: Final = "HEAD"
OWN_MARK: Final = "signed_in"
"""The fact that names the user whose browser it was."""


_CONFIRMING: Final = frozenset({HitEndpoint.CONFIRM, HitEndpoint.CONFIRM_PAGE})  # of a contact, not of a copy
# Headers that rules read, and the language: stored with the event, so that it can be judged again.
KEPT_HEADERS: Final[tuple[str, ...]] = ("sec-purpose", "purpose", "x-purpose", "x-moz", "accept-language")
_KNOWN: Final = 8192  # cached results, at most about 1 kB each


class _Judged(NamedTuple):
    """What all hits of one kind by one kind of visitor mean."""

    kind: EventKind
    verdict: Verdict
    reasons: tuple[str, ...]
    facts: dict[str, str]
    """Shared by all their events."""
    code: int
    """What the windows of their copies keep."""
    program: int
    plain: bool
    """Whether its neighbours are looked at."""


class HitClassifier(Protocol):
    """Decides who caused a hit: `postlude.classify.judge`."""

    def __call__(self, hit: Hit, /, *, sent_at: int | None) -> Judgement:
        """The verdict with its reasons; a function of its arguments alone."""
        ...


class SentTimesSource(Protocol):
    """Source of hand-off times."""

    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        """When each of the copies was handed over; the others are absent."""
        ...


class Hits:
    """The step for hits: judges each by itself. Remembers hand-off times, bounded."""

    def __init__(
        self,
        source: SentTimesSource,
        classifier: HitClassifier = judge,
        rules_version: int = RULES_VERSION,
        withdrawn: Withdrawn | None = None,
    ) -> None:
        self._source = source
        self._withdrawn = withdrawn
        self.classifier: Final = classifier
        self._rules_version = rules_version
        self._sent: dict[int, int] = {}  # of what this batch asks for
        self._sent_before: Final = NumberCache(_SENT_TIMES_KEPT)
        self._places: dict[str, Place] = {}
        self._known: dict[tuple[object, ...], _Judged] = {}

    def prepare(self, items: Iterable[Item]) -> None:
        """Know when the copies of these hits were sent: from this batch's attempts, else one question to the store."""
        hits: set[int] = set()
        pages: set[int] = set()
        sent: dict[int, int] = {}
        for item in items:
            seen = item.observation
            if seen.__class__ is RawHit or isinstance(seen, Hit):
                hits.add(seen.copy)
                if isinstance(seen, Hit) and seen.copy <= MAX_ID:
                    pages.add(seen.copy)
            elif isinstance(seen, Attempt) and seen.outcome is SendOutcome.ACCEPTED:
                sent[seen.copy] = seen.at
                self._sent_before.put(seen.copy, seen.at)
        if self._withdrawn is not None:
            self._withdrawn.look_up(pages)
        sent |= self._sent_before.known(hits.difference(sent))
        if missing := [copy for copy in hits.difference(sent) if copy <= MAX_ID]:
            found = self._source.sent_times(missing)
            for copy, at in found.items():
                self._sent_before.put(copy, at)
            sent.update(found)
        self._sent = sent

    def forget_old(self) -> None:
        """Trim the caches. Call it after a batch, so that everything prepared stays available within it."""
        self._sent = {}
        if len(self._places) > _PLACES_KEPT:
            self._places.clear()

    def frequent(self, item: Item, hit: RawHit) -> None:
        """Judge one hit on a pixel or a link. ValueError for ids out of range: tokens have 64 bits, ids 63."""
        copy = hit.copy
        if copy > MAX_ID or hit.message > MAX_ID:
            raise ValueError(f"ids are below 2^63, not {hit.message} and {copy}")
        withdrawn = self._withdrawn
        if withdrawn is not None and withdrawn.any and not withdrawn.allows(hit.endpoint, copy, hit.at):
            item.outcome = RecordOutcome.WITHDRAWN
            return
        sent_at = self._sent.get(copy)
        since = since_class(None if sent_at is None else hit.at - sent_at)
        key = (hit.endpoint, hit.method, hit.user_agent, bytes(hit.headers), bytes(hit.facts), since)
        judged = self._known.get(key)
        if judged is None:
            judged = self._learn(key, item, sent_at)
        number = item.record.event_id()
        event = Event(
            number,
            judged.kind,
            hit.at,
            hit.message,
            copy,
            hit.position,
            judged.verdict,
            judged.reasons,
            self._rules_version,
            judged.facts,
            hit.address,
        )
        item.meaning = Meaning((event,))
        item.outcome = RecordOutcome.COUNTED
        self._sight(item, number, hit, judged)

    def _sight(self, item: Item, number: int, hit: RawHit | Hit, judged: _Judged) -> None:
        place = self._places.get(hit.address)
        if place is None:
            place = self._places[hit.address] = place_of(hit.address)
        item.sighting = entry_of(hit.at, number, judged.code, hit.position, place, judged.program)
        if judged.plain and place.tells and hit.copy:
            item.crowd = crowd_key(hit.message, place, judged.program)

    def __call__(self, item: Item, hit: Hit) -> None:
        """Judge one hit on a page, and take what was decided there."""
        if hit.copy > MAX_ID or hit.message > MAX_ID:
            raise ValueError(f"ids are below 2^63, not {hit.message} and {hit.copy}")
        if hit.endpoint in _CONFIRMING:
            item.outcome = RecordOutcome.COUNTED
            if hit.endpoint is HitEndpoint.CONFIRM:
                item.meaning = Meaning(confirmation=Confirmation(hit.message, hit.copy, hit.at, _evidence(hit)))
            return
        decided = hit.endpoint in DECIDING
        if self._withdrawn is not None and not self._withdrawn.allows_page(hit.endpoint, hit.copy, hit.at):
            if not decided:
                item.outcome = RecordOutcome.WITHDRAWN
                return
            hit = bare(hit)
        elif decided and leaves_no_trace(hit):
            hit = bare(hit)
        judged = self._meaning(hit, self._sent.get(hit.copy))
        number = item.record.event_id()
        kind, verdict, reasons, facts = judged[:4]
        version = self._rules_version
        event = Event(number, kind, hit.at, hit.message, hit.copy, -1, verdict, reasons, version, facts, hit.address)
        item.outcome = RecordOutcome.COUNTED
        self._sight(item, number, hit, judged)
        if hit.endpoint is HitEndpoint.PREFERENCES:
            item.meaning = chosen(hit, event)
        else:
            item.meaning = Meaning((event,), suppress=of_hit(hit, kind))

    def _learn(self, key: tuple[object, ...], item: Item, sent_at: int | None) -> _Judged:
        hit = decode_observation(item.record.data)
        assert isinstance(hit, Hit)
        judged = self._meaning(hit, sent_at)
        if OWN_MARK not in hit.facts:  # whose visit that is may not be known yet
            if len(self._known) >= _KNOWN:
                self._known.clear()
            self._known[key] = judged
        return judged

    def _meaning(self, hit: Hit, sent_at: int | None) -> _Judged:
        judgement = self.classifier(hit, sent_at=sent_at)
        kind = EventKind.VIEWED if hit.method == _NOT_FOLLOWED else _KINDS[hit.endpoint]
        code, program = code_of(hit, judgement, sent_at=sent_at), program_of(hit.user_agent)
        facts, plain = _facts(hit, kind, judgement), counts_as_neighbour(judgement.reasons, hit.facts)
        return _Judged(kind, judgement.verdict, judgement.reasons, facts, code, program, plain)


def counts_as_neighbour(reasons: Collection[str], facts: Mapping[str, str]) -> bool:
    """Whether a hit is looked at beside those of other copies; `reasons`: what its request alone says.

    Never one from a user's own browser: whose message it was may be known later than the hit.
    """
    return OWN_MARK not in facts and is_plain(reasons)


def _evidence(hit: Hit) -> str:
    reported = ("button of the confirmation mail", hit.address and f"from {hit.address}", hit.user_agent)
    return ", ".join(part for part in reported if part)


def _facts(hit: Hit, kind: EventKind, judgement: Judgement) -> dict[str, str]:
    facts = {"user_agent": hit.user_agent, **hit.facts} if hit.user_agent else dict(hit.facts)
    facts |= {name: hit.headers[name] for name in KEPT_HEADERS if name in hit.headers}
    if hit.method != "GET":
        facts["method"] = hit.method
    if judgement.client:
        facts["client"] = judgement.client
    if kind is EventKind.VIEWED:
        facts["page"] = hit.endpoint.value
    return facts
