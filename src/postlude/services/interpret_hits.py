"""Hits at the edge: opens, clicks, unsubscribes, pages looked at."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from typing import Final, Protocol

from postlude.classify import RULES_VERSION, Judgement, judge
from postlude.journal import Position
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.ids import ID_BITS
from postlude.model.event import Event
from postlude.model.observation import Attempt, Hit
from postlude.model.words import EventKind, HitFace, SendOutcome
from postlude.services.interpret_choices import choose
from postlude.services.interpret_items import Item, Outcome
from postlude.store import CopySuppression

REPEAT_SECONDS: Final = 30  # Yahoo's image proxy asks for a pixel up to four times (FACTS of the field)
SENT_TIMES_KEPT: Final = 50_000
MAX_ID: Final = (1 << ID_BITS) - 1
_REPEATS_KEPT: Final = 50_000
_REPEATING_PROXY: Final = "YahooMailProxy"

_KINDS: Final = {
    HitFace.PIXEL: EventKind.OPENED,
    HitFace.LINK: EventKind.CLICKED,
    HitFace.UNSUBSCRIBE: EventKind.UNSUBSCRIBED,
    HitFace.UNSUBSCRIBE_PAGE: EventKind.VIEWED,
    HitFace.PREFERENCES_PAGE: EventKind.VIEWED,
    HitFace.PREFERENCES: EventKind.VIEWED,
    HitFace.VIEW: EventKind.VIEWED,
}


class SentTimesSource(Protocol):
    """Where hand-off times are kept."""

    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        """When each of the copies was handed over; the others are absent."""
        ...


class Hits:
    """The step for hits. Remembers hand-off times and the latest opens through repeating proxies, both bounded."""

    def __init__(
        self, source: SentTimesSource, judging: Callable[..., Judgement] = judge, rules_version: int = RULES_VERSION
    ) -> None:
        self._source = source
        self._judge = judging
        self._rules_version = rules_version
        self._sent: OrderedDict[int, int] = OrderedDict()
        self._opens: OrderedDict[tuple[int, str, str], int] = OrderedDict()

    def prepare(self, items: Iterable[Item]) -> None:
        """Know when the copies of these hits were sent: from this batch's attempts, else one question to the store."""
        hits: set[int] = set()
        for item in items:
            seen = item.observation
            if isinstance(seen, Hit):
                if seen.copy <= MAX_ID:
                    hits.add(seen.copy)
            elif isinstance(seen, Attempt) and seen.outcome is SendOutcome.ACCEPTED:
                self._sent[seen.copy] = seen.at
        missing = [copy for copy in hits if copy not in self._sent]
        if missing:
            self._sent.update(self._source.sent_times(missing))

    def forget_old(self) -> None:
        """Keep memory bounded; after a batch, so that within one everything prepared is there."""
        while len(self._sent) > SENT_TIMES_KEPT:
            self._sent.popitem(last=False)
        while len(self._opens) > _REPEATS_KEPT:
            self._opens.popitem(last=False)

    def remember(self, events: Iterable[Event], before: Mapping[int, Position]) -> None:
        """After a restart: know the latest proxy opens that lie before `before` in the journals again."""
        for event in events:
            agent = event.facts.get("user_agent", "")
            if _REPEATING_PROXY in agent and _is_before(event.id, before):
                self._opens[event.copy, agent, event.facts.get("address", "")] = event.at

    def __call__(self, item: Item, hit: Hit) -> None:
        """Judge one hit. ValueError for ids no store holds: tokens have room for 64 bits, ids have 63."""
        if hit.copy > MAX_ID or hit.scope > MAX_ID:
            raise ValueError(f"ids are below 2^63, not {hit.scope} and {hit.copy}")
        if hit.face is HitFace.PIXEL and _REPEATING_PROXY in hit.user_agent and self._repeats(hit):
            item.outcome = Outcome.MERGED
            return
        judgement = self._judge(hit, sent_at=self._sent.get(hit.copy))
        kind = _KINDS[hit.face]
        event = Event(
            item.record.position.event_id(0),
            kind,
            hit.at,
            hit.scope,
            hit.copy,
            hit.position,
            judgement.verdict,
            judgement.reasons,
            self._rules_version,
            _facts(hit, kind, judgement),
        )
        item.events = (event,)
        item.outcome = Outcome.COUNTED
        if hit.face is HitFace.PREFERENCES:
            choose(item, hit)
        elif kind is EventKind.UNSUBSCRIBED:
            item.suppress = (CopySuppression(hit.copy, "unsubscribed", "https", hit.at),)

    def _repeats(self, hit: Hit) -> bool:
        key = (hit.copy, hit.user_agent, hit.address)
        last = self._opens.get(key)
        if last is not None and abs(hit.at - last) <= REPEAT_SECONDS * MICROS_PER_SECOND:
            return True  # counted from the first one: a proxy asking for ever is not one opening
        self._opens[key] = hit.at
        self._opens.move_to_end(key)
        return False


def _facts(hit: Hit, kind: EventKind, judgement: Judgement) -> dict[str, str]:
    facts = {"user_agent": hit.user_agent, **hit.facts} if hit.user_agent else dict(hit.facts)
    if judgement.client:
        facts["client"] = judgement.client
    if hit.address:
        facts["address"] = hit.address
    if kind is EventKind.VIEWED:
        facts["page"] = hit.face.value
    return facts


def _is_before(event_id: int, before: Mapping[int, Position]) -> bool:
    writer = event_id >> 51
    place = before.get(writer)
    return place is not None and event_id < place.event_id(0)
