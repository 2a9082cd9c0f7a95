"""Judge the whole history again with this version's rules, from the stored facts of every hit.

Runs between two batches of the digest, some copies at a time, through the same rules and windows as the digest. What
changes is a correction with the cause `reclassify`, by the feed as every other. Stopped or killed at any point it
continues with the slice it was at; what was corrected is not corrected again. The history is read in the order it is
kept in, some messages or copies at a time, so that a slice costs the same however much is stored.
"""

from array import array
from bisect import bisect_left
from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import groupby
from time import perf_counter
from typing import Final

import msgspec

from postlude.classify import RULES_VERSION, CrowdHit, WindowSettings, crowd_key, crowded, judge
from postlude.history import BEFORE_ALL, CopyKey, CrowdedAddress, History
from postlude.kit.clock import MICROS_PER_SECOND, Clock, SystemClock
from postlude.model.event import RECLASSIFY, Event
from postlude.services.digest.hits import HitClassifier, counts_as_neighbour
from postlude.services.digest.judge_copy import CopyJudge, Rejudged, by_copy, shared_in
from postlude.store import Batch, Store

_COPIES: Final = 1000  # a step: about 0.2 s, so that what comes meanwhile does not wait longer
_SLICE: Final = 100_000  # events that are in memory at a time: 40 MB
_SLICES: Final = 5  # whose addresses are counted at a time
_PLACE: Final = "reclassify:place"
_JUDGED: Final = "reclassify:judged-by"
_KNOWN: Final = 8192
_FOR_EVER: Final = (1 << 63) - 1


class ReclassifyProgress(msgspec.Struct, frozen=True):
    """How far it is."""

    running: bool
    done: int
    """Events judged since it was started."""
    total: int
    """Events that were due when it was started."""
    changed: int
    """Events whose verdict is another one now, or would be."""
    seconds: float
    rules_version: int
    changes: dict[str, int] = {}
    """How many by kind, old and new verdict: `clicked human machine`."""
    dry_run: bool = False
    """Nothing was changed."""


Group = tuple[int, list[Event]]


class Reclassifier:
    """Owned by the digest's thread; `start`, `stop` and `progress` may be called from any."""

    def __init__(
        self,
        history: History,
        store: Store,
        classifier: HitClassifier = judge,
        rules_version: int = RULES_VERSION,
        copies: int = _COPIES,
        *,
        settings: WindowSettings = WindowSettings(),  # noqa: B008 - frozen
        clock: Clock | None = None,
    ) -> None:
        self._history = history
        self._store = store
        self._version = rules_version
        self._copies = copies
        self._settings = settings
        self._clock = clock or SystemClock()
        self._running = self._dry = False
        self._total = self._done = self._since = self._read_to = 0
        self._after = BEFORE_ALL
        self._end: CopyKey | None = BEFORE_ALL
        self._changes: Counter[str] = Counter()
        self._groups: list[Group] = []
        self._links: dict[int, int] = {}
        self._judge = CopyJudge(self._links_of, classifier, rules_version, settings)
        self._shared = array("q")
        self._changed: set[int] = set()
        self._slices: deque[CopyKey | None] | None = None  # where each ends that is still to do; None: not divided yet
        self._crowds: deque[tuple[int, int | None]] = deque()
        self._began = self._ended = 0.0

    def start(self, since: int = 0, *, dry_run: bool = False) -> ReclassifyProgress:
        """Begin or continue; the steps do the work. `since`: only events seen then or later, whatever judged them."""
        if self._running:
            return self.progress()
        self._since, self._dry, self._done, self._changes = since, dry_run, 0, Counter()
        self._groups, self._after = [], BEFORE_ALL
        judged_by = self._store.settings.get(_JUDGED, 0)
        due = since or (judged_by < self._version and self._history.outdated(self._version))
        self._total = self._history.judged(since) if due else 0
        place = None if dry_run else self._store.settings.get(_PLACE)
        if isinstance(place, list) and place[:2] == [self._version, since]:
            self._after = CopyKey(*place[2:])
        self._shared, self._slices, self._end = array("q"), None, BEFORE_ALL
        self._began = perf_counter()
        self._running = bool(self._total)
        return self.progress()

    def stop(self) -> ReclassifyProgress:
        """Stop. Every event has one verdict, old or new."""
        if self._running:
            self._ended = perf_counter()
            self._history.hold_order(hold=False)
        self._running = False
        return self.progress()

    def progress(self) -> ReclassifyProgress:
        """How far it is."""
        seconds = (perf_counter() if self._running else self._ended) - self._began
        changes = dict(sorted(self._changes.items()))
        return ReclassifyProgress(
            self._running,
            self._done,
            self._total,
            sum(changes.values()),
            max(seconds, 0.0),
            self._version,
            changes,
            self._dry,
        )

    def step(self) -> bool:
        """Do one step; True while there is more."""
        if not self._running:
            return False
        if self._slices is None:
            self._slices = self._divide()
            return True
        if self._crowds:
            self._find_crowds(*self._crowds.popleft())
            return True
        if not self._groups:
            if not self._slices:
                self._finish()
                return False
            self._load(self._slices.popleft())
        some, self._groups = self._groups[: self._copies], self._groups[self._copies :]
        if some:
            self._judge_again(some)
        if not self._groups and self._end is not None:
            self._after = self._end
            if not self._dry:
                self._store.settings.put(_PLACE, [self._version, self._since, *self._after])
        return self._running

    def _divide(self) -> deque[CopyKey | None]:
        """Into slices, once: to look for the end of each would read all that follows it each time."""
        self._history.hold_order(hold=True)
        ends = self._history.slice_ends(_SLICE)
        messages = sorted({end.message for end in ends[_SLICES - 1 :: _SLICES]})
        self._crowds = deque(zip([BEFORE_ALL.message, *messages], [*messages, None], strict=True))
        return deque([*(end for end in ends if end > self._after), None])

    def _find_crowds(self, after: int, last: int | None) -> None:
        """What neighbours say, of the messages behind `after`, before the copies are looked at one by one."""
        least, within = self._settings.shared_copies, round(self._settings.shared_seconds * MICROS_PER_SECOND)
        wanted = self._history.crowded_addresses(after, last, least, within)
        found: set[int] = set()
        for some in _in_parts(wanted):
            messages, addresses = {one.message for one in some}, {one.address for one in some}
            events = self._history.of_visitors(messages, addresses, 0, _FOR_EVER)
            sent = self._store.messages.sent_times({event.copy for event in events})
            visitors: defaultdict[int, list[CrowdHit]] = defaultdict(list)
            for event in events:
                one = self._judge.alone(event, sent.get(event.copy))
                if event.copy and counts_as_neighbour(one.reasons, event.facts):
                    key = crowd_key(event.message, self._judge.place(event.address), one.program)
                    visitors[key].append(CrowdHit(event.at, event.id, event.copy))
            for key, hits in visitors.items():
                if key:
                    found |= crowded(hits, self._settings, self._store.messages.domains)
        self._shared.extend(found)
        if not self._crowds:
            self._shared = array("q", sorted(self._shared))

    def _shared_of(self, events: Sequence[Event]) -> set[int]:
        """Of a copy that had hits since its slice was read, also where the digest found it."""
        found = shared_in(events) if events[0].copy in self._changed else set()
        if self._shared:
            found |= {event.id for event in events if self._is_shared(event.id)}
        return found

    def _is_shared(self, number: int) -> bool:
        place = bisect_left(self._shared, number)
        return place < len(self._shared) and self._shared[place] == number

    def _load(self, end: CopyKey | None) -> None:
        self._read_to, self._end = self._history.cursor(), end
        events = self._history.judged_between(self._after, end, self._since)
        self._groups = [(copy, list(some)) for copy, some in groupby(events, key=lambda event: event.copy)]

    def _finish(self) -> None:
        if not self._dry:
            self._store.settings.delete(_PLACE)
            if not self._since:
                self._store.settings.put(_JUDGED, self._version)
        self.stop()

    def _judge_again(self, groups: Sequence[Group]) -> None:
        groups = self._fresh(groups)
        sent = self._store.messages.sent_times([copy for copy, _ in groups])
        rejudged = Rejudged()
        for copy, events in groups:
            judged = self._judge.judge_copy(events, sent.get(copy), self._shared_of(events))
            wanted = [event for event in events if event.at >= self._since] if self._since else events
            rejudged.add(copy, judged, self._judge.changes(wanted, judged, RECLASSIFY))
            self._done += sum(event.rules_version > 0 for event in wanted)
        corrections = rejudged.corrections()
        self._changes.update(
            f"{old.kind.value} {old.verdict.value} {new.verdict.value}"
            for old, new in zip(corrections.before, corrections.after, strict=True)
        )
        if self._dry:
            return
        batch = Batch(corrections=corrections, rewindowed=self._other_windows(rejudged.windows), at=self._clock.now())
        entry = self._store.digest.apply(batch)
        if corrections.after:
            self._history.append(entry.events, {}, replace=entry.events, number=entry.first)

    def _other_windows(self, windows: dict[int, bytes]) -> dict[int, bytes]:
        """Those that are stored in another form: nearly all are as they were, and writing is dear."""
        stored = self._store.messages.windows(windows)
        return {copy: window for copy, window in windows.items() if stored.get(copy) != window}

    def _fresh(self, groups: Sequence[Group]) -> Sequence[Group]:
        """The groups, read again where something came since they were."""
        changed = self._changed = self._history.changed_since(self._read_to, [copy for copy, _ in groups])
        if not changed:
            return groups
        again = dict(by_copy(self._history.of_copies(sorted(changed))))
        return [(copy, again.get(copy, some)) for copy, some in groups]

    def _links_of(self, message: int) -> int:
        if message not in self._links:
            if len(self._links) >= _KNOWN:
                self._links.clear()
            self._links[message] = self._store.messages.tracked_links(message)
        return self._links[message]


def _in_parts(wanted: Sequence[CrowdedAddress]) -> Iterator[list[CrowdedAddress]]:
    """As many of them at a time as have the events of one part."""
    some: list[CrowdedAddress] = []
    events = 0
    for one in wanted:
        if some and events + one.events > _SLICE:
            yield some
            some, events = [], 0
        some.append(one)
        events += one.events
    if some:
        yield some
