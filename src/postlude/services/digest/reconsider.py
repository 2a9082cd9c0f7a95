"""Verdicts over several hits: the windows of a batch's copies are read, added to, and written with the batch."""

from collections.abc import Collection, Container, Iterable, Mapping, Sequence
from typing import Final, NamedTuple, Protocol

import msgspec

from postlude.classify import (
    REPLY,
    RULES_VERSION,
    SHARED,
    SIGHTING_BYTES,
    VERDICTS,
    WINDOW_RULES,
    AddedHits,
    Correction,
    Reviewed,
    WindowSettings,
    add_hits,
    are_quiet,
    judge,
    leave_two_alone,
    pack_sighting,
    read_hits,
    read_window,
)
from postlude.model.event import LATE_FACTS, LATER_HITS, Event, corrected
from postlude.model.words import EventKind
from postlude.services.digest.hits import HitClassifier
from postlude.services.digest.item import Item, Meaning
from postlude.services.digest.judge_copy import CopyJudge, Rejudged, by_copy, shared_in
from postlude.services.digest.late_facts import (
    Disordered,
    LateCopy,
    LateFacts,
    TimelineOfCopy,
    judge_late,
    late_copies,
    late_facts,
)
from postlude.services.digest.neighbours import CrowdMarks, DomainSource, NearbyEvents, Neighbours, PlainHit, plain_hits
from postlude.store import CopyTimes, Corrections

_CACHED_BYTES: Final = 24_000_000
_ENTRY_BYTES: Final = 240
"""What a window costs beside its bytes, in a dictionary (measured)."""
_BARE_BYTES: Final = 3 * SIGHTING_BYTES
_LINKS_KNOWN: Final = 10_000
_SEVERAL: Final = frozenset(rule.id for rule in WINDOW_RULES)
_KINDS: Final = (EventKind.OPENED, EventKind.CLICKED, EventKind.VIEWED, EventKind.VIEWED)


class WindowSource(DomainSource, Protocol):
    """Where windows are kept."""

    def windows(self, ids: Iterable[int]) -> dict[int, bytes]:
        """The windows of those of these copies that have one."""
        ...

    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        """When each of the copies was handed over; those of which that is not known are absent."""
        ...

    def tracked_links(self, message: int) -> int:
        """How many links of a message are tracked."""
        ...


class EventSource(NearbyEvents, TimelineOfCopy, Protocol):
    """Where earlier events are."""

    def of_ids(self, wanted: Mapping[int, int]) -> list[Event]:
        """The events with these ids, which were seen at these times."""
        ...

    def of_copies(self, copies: Sequence[int]) -> list[Event]:
        """Every event of these copies, oldest first."""
        ...


class Review(NamedTuple):
    """A batch's events with the verdicts of their windows, and what that changes of earlier ones."""

    events: Sequence[Event]
    corrections: Corrections
    windows: dict[int, bytes]
    rewindowed: dict[int, bytes] = {}  # noqa: RUF012 - a NamedTuple's default
    """Windows of copies without an event here, whose neighbours had some."""


class WindowCache:
    """The latest windows up to a number of bytes: two halves, the older one is dropped when the newer one is full."""

    def __init__(self, most: int = _CACHED_BYTES) -> None:
        self._half = most // 2
        self._new: dict[int, bytes] = {}
        self._old: dict[int, bytes] = {}
        self._weight = 0

    def get(self, copy: int) -> bytes | None:
        """The window; None when it is not known here."""
        return self.known([copy]).get(copy)

    def known(self, copies: Iterable[int]) -> dict[int, bytes]:
        """Those of these copies that are known here."""
        new, old = self._new, self._old
        return {copy: window for copy in copies if (window := new.get(copy) or old.get(copy)) is not None}

    def put(self, windows: Mapping[int, bytes]) -> None:
        """These are the newest."""
        self._new.update(windows)
        self._weight += sum(map(len, windows.values())) + _ENTRY_BYTES * len(windows)
        if self._weight > self._half:
            self._old, self._new, self._weight = self._new, {}, 0

    def clear(self) -> None:
        """They were changed elsewhere."""
        self._old, self._new, self._weight = {}, {}, 0


class _Entries(NamedTuple):
    """What a batch adds."""

    events: list[Event]
    windows: dict[int, bytes]
    """Hits, packed, by copy."""
    messages: dict[int, int]
    """Of those copies."""
    plain: list[PlainHit]
    """Hits whose neighbours are looked at."""
    rest: list[Meaning]
    """What says something of copies beside their hits."""


class Windows:
    """Judges a batch's hits together with the earlier ones of their copies. Writes nothing."""

    def __init__(
        self,
        source: WindowSource,
        earlier: EventSource,
        settings: WindowSettings = WindowSettings(),  # noqa: B008 - frozen
        rules_version: int = RULES_VERSION,
        classifier: HitClassifier = judge,
    ) -> None:
        """`classifier`: what judges a request by itself, once more where its copy's hand-off came later."""
        self._source = source
        self._earlier = earlier
        self._settings = settings
        self._two_alone = leave_two_alone(settings)
        self._rules_version = rules_version
        self._cache = WindowCache()
        self._neighbours = Neighbours(source, earlier, settings)
        self._disordered = Disordered(earlier)
        self._links: dict[int, int] = {}
        self._recent: list[Sequence[Event]] = []
        self._judge = CopyJudge(self._links_of, classifier, rules_version, settings)

    def review(self, items: Iterable[Item]) -> Review:
        """The verdicts of these items' events. Nothing is remembered until `done`."""
        entries = _entries(items)
        late = self._late(late_facts(entries.rest), entries.windows) if entries.rest else {}
        if not entries.windows and not late:
            return Review(entries.events, Corrections(), {})
        for one in late.values():
            entries.plain.extend(plain_hits(one.events))
        marks = self._neighbours.look(entries.plain, {copy: one.domain for copy, one in late.items() if one.domain})
        before = self._before(entries.windows)
        late |= self._disordered.find(before, entries.windows, entries.messages, late)
        review = self._by_windows(entries, before, marks, late)
        return self._with_late(review, late, entries, marks) if late else review

    def _by_windows(
        self, entries: _Entries, before: dict[int, bytes], marks: CrowdMarks, late: Mapping[int, LateCopy]
    ) -> Review:
        """Of all copies but the late ones."""
        events, marked = entries.events, marks.hits
        messages = entries.messages | marks.messages if marks.messages else entries.messages
        hits = {copy: entry for copy, entry in entries.windows.items() if copy not in late} if late else entries.windows
        others = [copy for copy in marked if copy not in entries.windows and copy not in late]
        if others:
            before |= self._before(others)
        windows: dict[int, bytes] = {}
        rewindowed: dict[int, bytes] = {}
        reviewed: dict[int, Reviewed] = {}
        found: list[tuple[int, Correction]] = []
        times: dict[int, CopyTimes] = {}
        settings, may_be_quiet, copy = self._settings, self._two_alone, 0

        def links() -> int:
            return self._links_of(messages[copy])

        for copy, entry in hits.items():
            window = before.get(copy)
            if copy not in marked:
                if window is None and len(entry) == SIGHTING_BYTES:  # most copies
                    windows[copy] = entry
                    continue
                all_hits = window + entry if window else entry
                if may_be_quiet and len(all_hits) <= _BARE_BYTES and are_quiet(all_hits):  # nearly all others
                    windows[copy] = all_hits
                    continue
            added = add_hits(window or b"", entry, settings, links, marked.get(copy, ()))
            windows[copy] = added.window
            if added.reviewed:
                reviewed |= added.reviewed
            _note(found, times, copy, added)
        for copy in before.keys() & others if others else ():
            added = add_hits(before[copy], b"", settings, links, marked[copy])
            rewindowed[copy] = added.window
            _note(found, times, copy, added)
        if reviewed:
            events = [self._with(event, reviewed[event.id]) if event.id in reviewed else event for event in events]
        return Review(events, self._corrections(found, messages, times), windows, rewindowed)

    def _late(self, facts: LateFacts, entries: Container[int]) -> dict[int, LateCopy]:
        at_once = {copy: b"" for copy in facts.domains if copy in entries}
        windows = at_once | self._before(facts.sent.keys() | facts.domains.keys())
        if not windows:
            return {}
        self._links |= facts.links
        return late_copies(facts, windows, self._known, self._earlier)

    def _with_late(self, review: Review, late: dict[int, LateCopy], entries: _Entries, marks: CrowdMarks) -> Review:
        ids = {hit.id for copy in late for hit in read_hits(entries.windows.get(copy, b""))}
        events, rejudged = judge_late(late, review.events, ids, marks.hits, self._judge)
        corrections = rejudged.corrections(review.corrections)
        return Review(events, corrections, review.windows, review.rewindowed | rejudged.windows)

    def judge_again(self, events: Iterable[Event]) -> Rejudged:
        """These copies from nothing, by all events there are of them: some of their hits are taken out."""
        groups = dict(by_copy(events))
        windows, sent = self._source.windows(groups), self._source.sent_times(groups)
        rejudged = Rejudged()
        for copy, some in groups.items():
            shared = shared_in(some)
            if copy in windows:
                shared |= {one.id for one in read_window(windows[copy]) if one.code & SHARED}
            judged = self._judge.judge_copy(some, sent.get(copy), shared)
            rejudged.add(copy, judged, self._judge.changes(some, judged, LATE_FACTS))
        return rejudged

    def done(self, review: Review) -> None:
        """The state has it."""
        self._cache.put(review.windows)
        if review.rewindowed:
            self._cache.put(review.rewindowed)
        self._neighbours.done()
        self._recent = [*self._recent[-4:], review.events, review.corrections.after]

    def forget(self) -> None:
        """Windows were changed elsewhere."""
        self._cache.clear()
        self._recent.clear()

    def forget_events(self) -> None:
        """Events were taken out, or the stores are not where they were."""
        self.forget()
        self._neighbours.forget()

    def _before(self, copies: Collection[int]) -> dict[int, bytes]:
        known = self._cache.known(copies)
        if len(known) < len(copies) and (missing := [copy for copy in copies if copy not in known]):
            known |= self._source.windows(missing)
        return known

    def _links_of(self, message: int) -> int:
        count = self._links.get(message)
        if count is None:
            if len(self._links) >= _LINKS_KNOWN:
                self._links.clear()
            count = self._links[message] = self._source.tracked_links(message)
        return count

    def _with(self, event: Event, reviewed: Reviewed) -> Event:
        if event.kind not in _KINDS:
            return event
        facts = event.facts | ({"why": reviewed.why} if reviewed.why else {})
        reasons = (*reviewed.reasons, *(rule for rule in event.reasons if rule not in reviewed.reasons))
        return msgspec.structs.replace(event, verdict=VERDICTS[reviewed.verdict], reasons=reasons, facts=facts)

    def _corrections(
        self, found: Sequence[tuple[int, Correction]], messages: Mapping[int, int], times: Mapping[int, CopyTimes]
    ) -> Corrections:
        if not found:
            return Corrections()
        known = self._known({one.sighting.id: one.sighting.at for _, one in found})
        before, after = [], []
        for copy, one in found:
            event = known.get(one.sighting.id) or _bare(one, messages[copy], copy, self._rules_version)
            before.append(msgspec.structs.replace(event, verdict=VERDICTS[one.sighting.standing]))
            after.append(correction_of(before[-1], one.reviewed, self._rules_version, LATER_HITS))
        return Corrections(before, after, times)

    def _known(self, wanted: dict[int, int]) -> dict[int, Event]:
        """Earlier events: nearly always of the last batches, else from the history."""
        found = {event.id: event for events in self._recent for event in events if event.id in wanted}
        missing = {number: at for number, at in wanted.items() if number not in found}
        return found | {event.id: event for event in self._earlier.of_ids(missing)}


def correction_of(event: Event, reviewed: Reviewed, rules_version: int, cause: str) -> Event:
    """The correction of an event; the reasons of the request alone stay behind the new ones."""
    alone = (rule for rule in event.reasons if rule not in _SEVERAL)
    reasons = (*reviewed.reasons, *alone)
    verdict = VERDICTS[reviewed.verdict]
    return corrected(event, verdict, reasons, why=reviewed.why, rules_version=rules_version, cause=cause)


def _note(found: list[tuple[int, Correction]], times: dict[int, CopyTimes], copy: int, added: AddedHits) -> None:
    if added.corrections:
        found += [(copy, one) for one in added.corrections]
        times[copy] = CopyTimes(*(added.times or ()))


def _entries(items: Iterable[Item]) -> _Entries:
    found = _Entries([], {}, {}, [], [])
    events, entries, messages, plain, rest = found
    for item in items:
        entry = item.sighting
        some = item.meaning.events
        if not some:
            continue
        events += some
        if not entry:
            rest.append(item.meaning)
            for event in some:
                if event.kind is EventKind.REPLIED and event.copy:
                    entry = pack_sighting(event.at, event.id, REPLY, -1, 0, 0, 0)
                    entries[event.copy] = entries.get(event.copy, b"") + entry
                    messages[event.copy] = event.message
            continue
        event = some[0]
        copy, crowd = event.copy, item.crowd
        if copy in entries:
            entries[copy] += entry
        elif copy:
            entries[copy] = entry
            messages[copy] = event.message
        if crowd:
            plain.append((crowd, event))
    return found


def _bare(one: Correction, message: int, copy: int, rules_version: int) -> Event:
    """An event of which nothing but its window is left."""
    hit = one.sighting
    verdict = VERDICTS[hit.standing]
    kind = _KINDS[hit.kind]
    return Event(hit.id, kind, hit.at, message, copy, hit.position, verdict, (), rules_version)
