"""The window of a copy: its newest hits as bytes, to which more are added in any order.

While a copy has no more than LIMIT hits its verdicts are a function of the set of its hits, sorted by (time, id). With
more, the oldest one leaves with the verdict it has; a verdict that those which left had given is not taken back. An
opening by proxy stays while others in the window repeat it. So they still are a function of the set if hits come in
order; for one that does not (`comes_too_late`) the copy is judged from nothing by its caller, who has the others.

A window of up to three hits of which no rule can say anything is just those hits, without a header: most copies have no
more (`are_quiet`).
"""

from bisect import insort
from collections.abc import Callable, Collection, Sequence
from functools import reduce
from operator import or_
from struct import Struct
from typing import Final, NamedTuple

from postlude.classify.reconsider import Reviewed, reconsider
from postlude.classify.sighting import (
    ACT,
    CLICK,
    DAMAGED,
    HEAD,
    HUMAN,
    KIND,
    LEAVING,
    MACHINE,
    OPEN,
    PLAIN,
    PROXIED,
    PROXIED_HUMAN,
    SHARED,
    SIZE,
    SUSPECTED,
    UNKNOWN,
    Sighting,
    iter_unpack,
    pack_sighting,
    unpack_from,
)
from postlude.classify.window_rules import WindowSettings, repeats
from postlude.kit.clock import MICROS_PER_SECOND

LIMIT: Final = 32
"""Hits of a copy that are looked at together."""

_FORMAT: Final = 2
# format, marks, networks, the last two clicks, two networks, the newest hit, the last counted opening by proxy, its
# visitor and its program
_HEADER: Final = Struct("<BBBqqIIqqII")
_FIRST_HEADER: Final = Struct("<BBBqqIIqqI")
"""Of format 1: without the program, and its openings by proxy have a network in its place."""
_OLDER: Final = Struct("<qqqq")
_ODD, _DOUBTFUL_OPEN, _PERSONAL, _OVERFLOWED, _SWEPT = 1, 2, 4, 8, 16
_BOTH: Final = _DOUBTFUL_OPEN | _PERSONAL
_ODD_CODES: Final = HEAD | LEAVING | DAMAGED | SHARED
_DOUBTFUL: Final = frozenset({SUSPECTED, UNKNOWN})
_TWO: Final = 2
_THREE: Final = 3
_FULL: Final = LIMIT * SIZE
"""Bytes: less than that in a window and of new hits are not too many."""

_BRIEF: Final = Struct("<q8xH2xI5x")
"""Of an entry: at, code, network."""
_unpack_brief: Final = _BRIEF.unpack_from
_iter_brief: Final = _BRIEF.iter_unpack

LinkCount = Callable[[], int]


class PeopleTimes(NamedTuple):
    """When people opened and clicked first and last; 0 for never."""

    first_open: int = 0
    last_open: int = 0
    first_click: int = 0
    last_click: int = 0

    def with_(self, one: Sighting, standing: int) -> "PeopleTimes":
        """Also this hit, if it was a person's."""
        if standing > PROXIED_HUMAN or one.kind not in {OPEN, CLICK}:
            return self
        first_open, last_open, first_click, last_click = self
        if one.kind == OPEN:
            return PeopleTimes(min(first_open or one.at, one.at), max(last_open, one.at), first_click, last_click)
        return PeopleTimes(first_open, last_open, min(first_click or one.at, one.at), max(last_click, one.at))


class Correction(NamedTuple):
    """An earlier hit whose verdict is another one now."""

    sighting: Sighting
    """With the verdict it had."""
    reviewed: Reviewed


class AddedHits(NamedTuple):
    """What became of adding hits to a window."""

    window: bytes
    reviewed: dict[int, Reviewed]
    """Of the new hits, by id, where several hits decide and not one alone."""
    corrections: list[Correction]
    times: PeopleTimes | None = None
    """Of the whole copy; only when there are corrections."""


_NOTHING: Final[dict[int, Reviewed]] = {}


def are_quiet(hits: bytes) -> bool:
    """Whether these are a window without a header: no more than three hits, of which no rule says anything.

    For hits that no neighbours are known of, under settings that `leave_two_alone`.
    """
    if len(hits) == _TWO * SIZE:
        before, first, _ = _unpack_brief(hits)
        at, second, _ = _unpack_brief(hits, SIZE)
        return at > before and _QUIET_TWO[first << 16 | second] != _LOUD
    if len(hits) != _THREE * SIZE:
        return len(hits) == SIZE
    (at_a, first, net_a), (at_b, second, net_b), (at, third, net) = _iter_brief(hits)
    quiet = at > at_b > at_a and _QUIET_THREE[first << 32 | second << 16 | third]
    return quiet == _QUIETLY or (quiet == _BY_NETWORKS and len({net_a, net_b, net, 0}) <= _THREE)


def leave_two_alone(settings: WindowSettings) -> bool:
    """Whether two hits are not enough for any threshold."""
    return settings.sweep_links > _TWO and settings.networks > _TWO


def add_hits(
    window: bytes, entries: bytes, settings: WindowSettings, links: LinkCount, shared: Collection[int] = ()
) -> AddedHits:
    """Add hits (packed, one after another) to a window; empty bytes for the first.

    `shared`: ids of hits, of these or in the window, that neighbours show to be of one visitor to many recipients.
    """
    if len(window) + len(entries) > _FULL and len(entries) > SIZE:
        entries = b"".join(pack_sighting(*one) for one in _sorted(entries))
    if shared or (not window and unpack_from(entries)[2] & SHARED) or (_has_header(window) and window[0] != _FORMAT):
        return _Review(window, settings, links, {}, shared).add(_sorted(entries), b"")
    if not window and len(entries) == SIZE:
        return AddedHits(entries, _NOTHING, [])
    reviewed: dict[int, Reviewed] = {}
    done = 0 if window else SIZE
    window, done = _append(window or entries[:SIZE], entries, done, settings, reviewed)
    if done < len(entries):  # rules must look at all of them
        return _Review(window, settings, links, reviewed).add(_sorted(entries[done:]), entries[:done])
    return AddedHits(window, reviewed, [])


def _sorted(entries: bytes) -> list[Sighting]:
    return sorted(Sighting(*row) for row in iter_unpack(entries))


def read_window(window: bytes) -> list[Sighting]:
    """The hits of a window."""
    return read_hits(window[_start(window) :] if _has_header(window) else window)


def read_hits(entries: bytes) -> list[Sighting]:
    """Packed hits, one after another."""
    return [Sighting(*row) for row in iter_unpack(entries)]


def hits_left(window: bytes) -> bool:
    """Whether there were more hits than it holds."""
    return _has_header(window) and bool(window[1] & _OVERFLOWED)


def comes_too_late(window: bytes, entries: bytes) -> bool:
    """Whether some of these hits should have been in the window before others left it, or leave it now."""
    if len(window) + len(entries) <= _FULL:
        return False
    hits, news = read_window(window), _sorted(entries)
    return (hits_left(window) or len(hits) + len(news) > LIMIT) and news[0][:2] < hits[-1][:2]


def people_times(window: bytes) -> PeopleTimes:
    """When people opened and clicked, as the window says now."""
    times = _older(window)
    for one in read_window(window):
        times = times.with_(one, one.standing)
    return times


def _older(window: bytes) -> PeopleTimes:
    """When people came with hits that left the window."""
    return PeopleTimes(*_OLDER.unpack_from(window, _head(window))) if hits_left(window) else PeopleTimes()


def _has_header(window: bytes) -> bool:
    """No header, with or without what is kept of hits that left, is as long as a number of hits."""
    return len(window) % SIZE != 0


def _head(window: bytes) -> int:
    return _HEADER.size if window[0] == _FORMAT else _FIRST_HEADER.size


def _start(window: bytes) -> int:
    return _head(window) + (_OLDER.size if window[1] & _OVERFLOWED else 0)


def _begun(entry: bytes) -> tuple[int, ...]:
    """The header of one hit, when more are added."""
    at, _, code, _, network, visitor, _ = unpack_from(entry)
    kind = code & KIND
    plain = network if code & PLAIN else 0
    anchor, seen, program = (at, visitor, network) if kind == OPEN and code & PROXIED else (0, 0, 0)
    click = at if kind == CLICK else 0
    return _FORMAT, _MARKS[code], plain > 0, click, 0, plain, 0, at, anchor, seen, program


class _MarksOfCodes(dict[int, int]):
    """What a code means for its window, looked up: there are few codes, and it is asked for with every hit."""

    def __missing__(self, code: int) -> int:
        marks = self[code] = _marks(code)
        return marks


_MARKS: Final = _MarksOfCodes()
_LOUD, _QUIETLY, _BY_NETWORKS = 0, 1, 2
_CODES_KNOWN: Final = 8192


class _QuietCodes(dict[int, int]):
    """Whether no rule says anything of hits with these codes, one after another (16 bits each), looked up."""

    def __init__(self, hits: int) -> None:
        self._hits = hits

    def __missing__(self, codes: int) -> int:
        if len(self) >= _CODES_KNOWN:
            self.clear()
        quiet = self[codes] = _quietness([codes >> 16 * n & 0xFFFF for n in range(self._hits)])
        return quiet


_QUIET_TWO: Final = _QuietCodes(_TWO)
_QUIET_THREE: Final = _QuietCodes(_THREE)


def _quietness(codes: Sequence[int]) -> int:
    """As `_append` asks of hits one after another; three plain ones may still have come from too many networks."""
    marks = reduce(or_, [_MARKS[code] for code in codes])
    opened = sum(_is_proxied_open(code) for code in codes)
    clicked = sum(code & KIND == CLICK for code in codes)
    if marks & _ODD or marks & _BOTH == _BOTH or opened >= _TWO or clicked >= _THREE:
        return _LOUD
    return _BY_NETWORKS if sum(code & PLAIN > 0 for code in codes) >= _THREE else _QUIETLY


def _needs_no_header(body: bytes, settings: WindowSettings) -> bool:
    """Whether these are hits of which no rule says anything; nothing left the window."""
    if not SIZE < len(body) <= _THREE * SIZE or not leave_two_alone(settings) or not are_quiet(body):
        return False
    return all(one.standing == one.base for one in read_hits(body))


def _marks(code: int) -> int:
    kind, base = code & KIND, code >> 3 & 7
    if code & _ODD_CODES or kind == ACT:
        return _ODD
    if kind == CLICK:
        if base in _DOUBTFUL:
            return 0 if code & PROXIED else _ODD  # no rule believes a proxy's click
        return _PERSONAL if base == HUMAN else 0
    return _DOUBTFUL_OPEN if kind == OPEN and base == UNKNOWN else 0


def _append(
    window: bytes, entries: bytes, done: int, settings: WindowSettings, reviewed: dict[int, Reviewed]
) -> tuple[bytes, int]:
    """The window with more hits at its end, and up to where in `entries`: before the first one that rules must see."""
    bare = 0 if _has_header(window) else len(window) - SIZE
    if not bare:
        return _append_each(window, entries, done, settings, reviewed)
    longer, end = _append_each(window[:SIZE], window[SIZE:] + entries, 0, settings, reviewed)
    # Rules must see all of them where thresholds were lowered since the first ones were added.
    return (longer, end - bare) if end >= bare else (window, 0)


def _append_each(
    window: bytes, entries: bytes, done: int, settings: WindowSettings, reviewed: dict[int, Reviewed]
) -> tuple[bytes, int]:
    """As `_append`, to a window with a header or of one hit."""
    header, older, body = _parts(window)
    _, marks, networks, click, earlier, net_a, net_b, newest, anchor, seen, program = header
    sweep, end = settings.sweep_seconds * MICROS_PER_SECOND, len(entries)
    while done < end:
        at, _, code, _, network, visitor, _ = unpack_from(entries, done)
        entry = entries[done : done + SIZE]
        more = marks | _MARKS[code]
        if at <= newest or more & _ODD or more & _BOTH == _BOTH or (marks & _SWEPT and newest >= at - sweep):
            break
        kind = code & KIND
        if kind == CLICK:
            if (click if settings.sweep_links <= _TWO else earlier) >= at - sweep:
                break
            click, earlier = at, click
        if code & PLAIN and network and network not in (net_a, net_b):
            if networks + 1 >= settings.networks or networks >= _TWO:
                break
            networks += 1
            net_a, net_b = (network, net_b) if networks == 1 else (net_a, network)
        if code & PROXIED and kind == OPEN:
            if not repeats(anchor, at, settings):
                anchor, seen, program = at, visitor, network
            elif network != program:
                break
            else:
                entry = _repeated(entry, at - anchor, reviewed, same=visitor == seen)
        marks = more
        older, body, marks = (older, body, marks) if len(body) < _FULL else _room(older, body, marks, settings)
        body += entry
        newest = at
        done += SIZE
    header = _FORMAT, marks, networks, click, earlier, net_a, net_b, newest, anchor, seen, program
    bare = done == end and not older and _needs_no_header(body, settings)
    return body if bare else _HEADER.pack(*header) + older + body, done


def _repeated(entry: bytes, after: int, reviewed: dict[int, Reviewed], *, same: bool) -> bytes:
    verdict, rule = (MACHINE, "retry") if same else (SUSPECTED, "proxy-repeat")
    reviewed[unpack_from(entry)[1]] = Reviewed(verdict, (rule,), f"{after / MICROS_PER_SECOND:.1f} s after the opening")
    return entry[:-1] + bytes((verdict,))


def _parts(window: bytes) -> tuple[tuple[int, ...], bytes, bytes]:
    """The header, what is kept of hits that left, and the hits."""
    if len(window) == SIZE:
        return _begun(window), b"", window
    header, body = _HEADER.unpack_from(window), window[_HEADER.size :]
    return (header, body[: _OLDER.size], body[_OLDER.size :]) if header[1] & _OVERFLOWED else (header, b"", body)


def _room(older: bytes, body: bytes, marks: int, settings: WindowSettings) -> tuple[bytes, bytes, int]:
    """The same without the hit that leaves, and the marks."""
    place = _leaves(read_hits(body), settings) if _is_proxied_open(unpack_from(body)[2]) else 0
    gone = Sighting(*unpack_from(body, place * SIZE))
    known = PeopleTimes(*_OLDER.unpack(older)) if older else PeopleTimes()
    body = body[: place * SIZE] + body[(place + 1) * SIZE :]
    return _OLDER.pack(*known.with_(gone, gone.standing)), body, marks | _OVERFLOWED


def _is_proxied_open(code: int) -> bool:
    return code & KIND == OPEN and bool(code & PROXIED)


def _leaves(hits: Sequence[Sighting], settings: WindowSettings) -> int:
    """The place of the oldest hit but for an opening by proxy that others here repeat: without it they would count."""
    for place, one in enumerate(hits):
        if not _is_proxied_open(one.code) or not any(
            _is_proxied_open(other.code) and other.network == one.network and repeats(one.at, other.at, settings)
            for other in hits[place + 1 :]
        ):
            return place
    return 0


class _Review:
    """Adding hits where rules over several of them must look again."""

    def __init__(
        self,
        window: bytes,
        settings: WindowSettings,
        links: LinkCount,
        reviewed: dict[int, Reviewed],
        shared: Collection[int] = (),
    ) -> None:
        self._settings, self._links = settings, links()
        self._hits = _marked(read_window(window), shared) if window else []
        self._shared = shared
        self._older = _older(window) if window else PeopleTimes()
        self._overflowed = hits_left(window)
        self._reviewed = reviewed
        self._changed: dict[int, Correction] = {}
        self._news: set[int] = set()

    def add(self, news: list[Sighting], done: bytes) -> AddedHits:
        """Add `news`, in their order; `done`: the ones of this batch that are in the window already."""
        news = _marked(news, self._shared)
        self._news = {one.id for one in news}.union(row[1] for row in iter_unpack(done))
        for one in news:
            insort(self._hits, one)
            if len(self._hits) > LIMIT:
                self._look()
                gone = self._hits.pop(_leaves(self._hits, self._settings))
                self._older, self._overflowed = self._older.with_(gone, gone.standing), True
        self._look()
        corrections = [one for one in self._changed.values() if one.reviewed.verdict != one.sighting.standing]
        times = self._older if corrections else None
        if times is not None:
            for one in self._hits:
                times = times.with_(one, one.standing)
        return AddedHits(self._packed(), self._reviewed, corrections, times)

    def _look(self) -> None:
        for n, result in enumerate(reconsider(self._hits, self._settings, self._links)):
            one = self._hits[n]
            if one.id in self._news:
                if result.reasons:
                    self._reviewed[one.id] = result
                elif not self._overflowed:
                    self._reviewed.pop(one.id, None)
            if result.verdict == one.standing or (self._overflowed and not result.reasons):
                continue
            if one.id not in self._news:
                before = self._changed.get(one.id)
                self._changed[one.id] = Correction(before.sighting if before else one, result)
            self._hits[n] = Sighting(*one[:-1], result.verdict)

    def _packed(self) -> bytes:
        body = b"".join(pack_sighting(*one) for one in self._hits)
        if self._overflowed:
            return _summary(self._hits, overflowed=True) + _OLDER.pack(*self._older) + body
        return body if _needs_no_header(body, self._settings) else _summary(self._hits, overflowed=False) + body


def _marked(hits: list[Sighting], shared: Collection[int]) -> list[Sighting]:
    if not shared:
        return hits
    return [one._replace(code=one.code | SHARED) if one.id in shared else one for one in hits]


def _summary(hits: list[Sighting], *, overflowed: bool) -> bytes:
    marks = _OVERFLOWED if overflowed else 0
    anchor = seen = program = 0
    networks: dict[int, None] = {}
    click = earlier = 0
    for one in hits:
        at, _, code, _, network, visitor, standing = one
        marks |= _MARKS[code]
        kind = code & KIND
        if kind == CLICK:
            click, earlier = at, click
            if standing >= SUSPECTED and one.base < SUSPECTED:
                marks |= _SWEPT
        elif kind == OPEN and code & PROXIED and standing < SUSPECTED:
            anchor, seen, program = at, visitor, network
        if code & PLAIN and network:
            networks[network] = None
    net_a, net_b = [*networks, 0, 0][:2]
    count = min(len(networks), 255)
    return _HEADER.pack(_FORMAT, marks, count, click, earlier, net_a, net_b, hits[-1].at, anchor, seen, program)
