"""Hits of one visitor on many recipients' copies of one message: what rules over one copy cannot see.

Remembered are the hits of the last 15 to 30 minutes that a browser's name alone speaks for. For what came late, and
after a restart, the history is asked: the marks are a function of the hits, in whatever order they come. Of one visitor
on one message 512 hits are remembered, of all visitors the newest two times 200,000.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from struct import Struct
from types import MappingProxyType
from typing import Final, NamedTuple, Protocol

from postlude.classify import CrowdHit, WindowSettings, crowd_key, crowded, place_of, program_of
from postlude.classify.window_rules import WINDOW_RULE
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.event import Event
from postlude.model.words import EventKind
from postlude.services.digest.hits import counts_as_neighbour

ONE_ADDRESS: Final = WINDOW_RULE["one-address"].id
_SEVERAL: Final = frozenset(WINDOW_RULE)
_HIT: Final = Struct("<qqqB")  # as a CrowdHit, and whether it is marked
_OF_A_VISITOR: Final = 512
_VISITORS: Final = 200_000  # in each half: 40 MB at the very worst
_DOMAINS: Final = 20_000
_LOADED: Final = 100_000
_HELD: Final = 1.5  # times the reach: so much may come out of order before the history is asked
_TRACKS: Final = (EventKind.OPENED, EventKind.CLICKED, EventKind.VIEWED)


PlainHit = tuple[int, Event]
"""A hit that a browser's name alone speaks for, by its `classify.crowd_key`."""


class DomainSource(Protocol):
    """Where copies are."""

    def domains(self, ids: Iterable[int]) -> dict[int, str]:
        """The mail domains of the recipients of these copies."""
        ...


class NearbyEvents(Protocol):
    """Where earlier events are."""

    def since(self, at: int, kinds: Sequence[EventKind], *, limit: int = 10_000) -> list[Event]:
        """Events of these kinds seen at or after `at`, oldest first: the newest `limit` of them."""
        ...

    def of_visitors(self, messages: Collection[int], addresses: Collection[str], first: int, last: int) -> list[Event]:
        """Judged events of these messages from these addresses, seen between `first` and `last`."""
        ...


class CrowdMarks(NamedTuple):
    """Which hits are part of a crowd now, and were not before."""

    hits: dict[int, set[int]]
    """Ids of hits by copy: of this batch, and earlier ones."""
    messages: dict[int, int]
    """Of those copies."""


class Neighbours:
    """For the digest's thread. Nothing is remembered of a batch until `done`."""

    def __init__(self, source: DomainSource, history: NearbyEvents, settings: WindowSettings) -> None:
        self._source = source
        self._history = history
        self._settings = settings
        self._reach = int(settings.shared_seconds * MICROS_PER_SECOND)
        self._pending: dict[int, bytes] = {}
        self._shared: dict[int, set[int]] = {}
        self._domains: dict[int, str] = {}
        self._newest = 0
        self.forget()

    def forget(self) -> None:
        """Read the history again before the next batch."""
        self._new: dict[int, bytes] = {}
        self._old: dict[int, bytes] = {}
        self._loaded = False
        self._from = self._begun = 0  # the memory is whole from the first on; its newer half began at the second

    def look(self, hits: Sequence[PlainHit], domains: Mapping[int, str] = MappingProxyType({})) -> CrowdMarks:
        """What the hits of a batch show, with the earlier ones of their visitors.

        `domains`: of copies that are only now known.
        """
        self._domains |= domains
        pending: dict[int, bytes] = {}
        self._pending, self._shared = pending, {}
        marks = CrowdMarks({}, {})
        if not hits:
            return marks
        pack = _HIT.pack
        for key, event in hits:
            entry = pack(event.at, event.id, event.copy, 0)
            pending[key] = pending[key] + entry if key in pending else entry
        times = [event.at for _, event in hits]
        first = min(times)
        last = max(times)
        self._newest = max(self._newest, last)
        if not self._loaded:
            self._load(first)
        self._judge(self._late(hits) if first - self._reach < self._from else {}, marks)
        return marks

    def done(self) -> None:
        """The state has it."""
        new, most = self._new, _OF_A_VISITOR * _HIT.size
        new.update(self._pending)
        new.update({key: _newest(hits) for key, hits in self._pending.items() if len(hits) > most})
        for key, shared in self._shared.items():
            new[key] = _marked(new[key], shared)
        self._pending, self._shared = {}, {}
        if self._newest - self._begun > _HELD * self._reach or len(new) > _VISITORS:
            self._old, self._new = new, {}
            self._from, self._begun = self._begun, self._newest

    def _load(self, at: int) -> None:
        """The history as the memory, from before what is read now."""
        reach = 2 * self._reach
        events = self._history.since(at - reach, _TRACKS, limit=_LOADED)
        self._from = self._begun = at - reach if len(events) < _LOADED else events[0].at
        for key, hit, marked in _of_events(events):
            self._new[key] = _newest(self._new.get(key, b"") + _HIT.pack(*hit, marked))
        self._loaded = True

    def _late(self, hits: Iterable[PlainHit]) -> dict[int, list[bytes]]:
        """What the history knows of the visitors of hits that reach further back than the memory."""
        events = [event for _, event in hits if event.at - self._reach < self._from]
        times = [event.at for event in events]
        messages, addresses = {event.message for event in events}, {event.address for event in events}
        found: dict[int, list[bytes]] = {}
        earlier = self._history.of_visitors(messages, addresses, min(times) - self._reach, max(times) + self._reach)
        for key, hit, marked in _of_events(earlier):
            if key in self._pending:
                found.setdefault(key, []).append(_HIT.pack(*hit, marked))
        return found

    def _judge(self, late: Mapping[int, Sequence[bytes]], marks: CrowdMarks) -> None:
        least = self._settings.shared_copies * _HIT.size
        new, old = self._new.get, self._old.get
        for key, more in self._pending.items():
            known = new(key) or old(key, b"")
            if known:
                self._pending[key] = known + more
            if late and key in late:
                known += b"".join(late[key])
            if len(known) + len(more) < least:
                continue
            hits = {row[1]: (CrowdHit(*row[:3]), row[3]) for row in _HIT.iter_unpack(known)}
            news = {row[1]: CrowdHit(*row[:3]) for row in _HIT.iter_unpack(more)}
            every = [hit for hit, _ in hits.values()]
            shared = crowded([*every, *news.values()], self._settings, self._domains_of)
            if not shared:
                continue
            self._shared[key] = shared
            for number, (hit, marked) in hits.items():
                if number in shared and not marked and number not in news:
                    marks.hits.setdefault(hit.copy, set()).add(number)
            for number, hit in news.items():
                if number in shared:
                    marks.hits.setdefault(hit.copy, set()).add(number)
            marks.messages.update(dict.fromkeys((hit.copy for hit in [*every, *news.values()]), key >> 32))

    def _domains_of(self, copies: Collection[int]) -> Mapping[int, str]:
        if missing := [copy for copy in copies if copy not in self._domains]:
            if len(self._domains) > _DOMAINS:
                self._domains.clear()
                missing = list(copies)
            self._domains |= self._source.domains(missing)
        return self._domains


def _marked(entries: bytes, shared: Collection[int]) -> bytes:
    return b"".join(
        _HIT.pack(at, number, copy, marked or number in shared)
        for at, number, copy, marked in _HIT.iter_unpack(entries)
    )


def _newest(entries: bytes) -> bytes:
    """The newest of a visitor's hits, as many as are remembered."""
    if len(entries) <= _OF_A_VISITOR * _HIT.size:
        return entries
    rows = sorted(_HIT.iter_unpack(entries))[-_OF_A_VISITOR // 2 :]
    return b"".join(_HIT.pack(*row) for row in rows)


def _of_events(events: Iterable[Event]) -> Iterator[tuple[int, CrowdHit, bool]]:
    """Those whose neighbours count, with their keys, and whether they were marked."""
    for key, event in plain_hits(events):
        yield key, CrowdHit(event.at, event.id, event.copy), ONE_ADDRESS in event.reasons


def plain_hits(events: Iterable[Event]) -> Iterator[PlainHit]:
    """Those whose neighbours count."""
    for event in events:
        if not event.rules_version or not event.copy:
            continue
        if not counts_as_neighbour([rule for rule in event.reasons if rule not in _SEVERAL], event.facts):
            continue
        key = crowd_key(event.message, place_of(event.address), program_of(event.facts.get("user_agent", "")))
        if key:
            yield key, event
