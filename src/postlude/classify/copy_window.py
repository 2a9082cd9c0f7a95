"""The window of a copy: its newest hits as bytes, to which more are added in any order.

While a copy has no more than LIMIT hits its verdicts are a function of the set of its hits, sorted by (time, id). With
more, the oldest one leaves with the verdict it has; a verdict that those which left had given is not taken back.
"""

from bisect import insort
from collections.abc import Callable
from struct import Struct
from typing import Final, NamedTuple

from postlude.classify.reconsider import Reviewed, reconsider
from postlude.classify.sighting import (
    ACT,
    CLICK,
    HEAD,
    HUMAN,
    KIND,
    LEAVING,
    MACHINE,
    OPEN,
    PLAIN,
    PROXIED,
    PROXIED_HUMAN,
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

_FORMAT: Final = 1
# format, marks, networks, the last two clicks, two networks, the newest hit, the last opening by proxy and its visitor
_HEADER: Final = Struct("<BBBqqIIqqI")
_OLDER: Final = Struct("<qqqq")
_ODD, _DOUBTFUL_OPEN, _PERSONAL, _OVERFLOWED, _SWEPT = 1, 2, 4, 8, 16
_ODD_CODES: Final = HEAD | LEAVING
_DOUBTFUL: Final = frozenset({SUSPECTED, UNKNOWN})
_TWO: Final = 2

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


def add_hits(window: bytes, entries: bytes, settings: WindowSettings, links: LinkCount) -> AddedHits:
    """Add hits (packed, one after another) to a window; empty bytes for the first."""
    if not window and len(entries) == SIZE:
        return AddedHits(begin_window(entries), _NOTHING, [])
    news = [entries[n : n + SIZE] for n in range(0, len(entries), SIZE)]
    if len(news) > 1:
        news.sort(key=_when)
    reviewed: dict[int, Reviewed] = {}
    for n, entry in enumerate(news):
        quick = _append(window, entry, settings, reviewed) if window else begin_window(entry)
        if quick is None:
            return _Review(window, settings, links, reviewed).add(news, n)
        window = quick
    return AddedHits(window, reviewed, [])


def read_window(window: bytes) -> list[Sighting]:
    """The hits of a window."""
    return [Sighting(*row) for row in iter_unpack(window[_start(window) :])]


def people_times(window: bytes) -> PeopleTimes:
    """When people opened and clicked, as the window says now."""
    times = PeopleTimes(*_OLDER.unpack_from(window, _HEADER.size)) if window[1] & _OVERFLOWED else PeopleTimes()
    for one in read_window(window):
        times = times.with_(one, one.standing)
    return times


def _when(entry: bytes) -> tuple[int, int]:
    row = unpack_from(entry)
    return row[0], row[1]


def _start(window: bytes) -> int:
    return _HEADER.size + (_OLDER.size if window[1] & _OVERFLOWED else 0)


def begin_window(entry: bytes) -> bytes:
    """The window of a copy's first hit."""
    at, _, code, _, network, visitor, _ = unpack_from(entry)
    kind = code & KIND
    plain = network if code & PLAIN else 0
    anchor, seen = (at, visitor) if kind == OPEN and code & PROXIED else (0, 0)
    click = at if kind == CLICK else 0
    return _HEADER.pack(_FORMAT, _marks(code), plain > 0, click, 0, plain, 0, at, anchor, seen) + entry


def _marks(code: int) -> int:
    kind, base = code & KIND, code >> 3 & 7
    if code & _ODD_CODES or kind == ACT:
        return _ODD
    if kind == CLICK:
        return _ODD if base in _DOUBTFUL else _PERSONAL if base == HUMAN else 0
    return _DOUBTFUL_OPEN if kind == OPEN and base == UNKNOWN else 0


def _append(window: bytes, entry: bytes, settings: WindowSettings, reviewed: dict[int, Reviewed]) -> bytes | None:
    """The window with one more hit at its end; None when rules must look at all of them."""
    _, marks, networks, click, earlier, net_a, net_b, newest, anchor, seen = _HEADER.unpack_from(window)
    at, _, code, _, network, visitor, _ = unpack_from(entry)
    marks |= _marks(code)
    if at <= newest or marks & _ODD or marks & (_DOUBTFUL_OPEN | _PERSONAL) == _DOUBTFUL_OPEN | _PERSONAL:
        return None
    kind = code & KIND
    reach = at - settings.sweep_seconds * MICROS_PER_SECOND
    if marks & _SWEPT and newest >= reach:
        return None
    if kind == CLICK:
        if (click if settings.sweep_links <= _TWO else earlier) >= reach:
            return None
        click, earlier = at, click
    if code & PLAIN and network and network not in (net_a, net_b):
        networks += 1
        net_a, net_b = (network, net_b) if networks == 1 else (net_a, network)
        if networks >= settings.networks or networks > _TWO:
            return None
    if code & PROXIED and kind == OPEN:
        if repeats(anchor, at, settings):
            entry = _repeated(entry, at - anchor, reviewed, same=visitor == seen)
        else:
            anchor, seen = at, visitor
    older, body, marks = _room(window, marks)
    header = _HEADER.pack(_FORMAT, marks, networks, click, earlier, net_a, net_b, at, anchor, seen)
    return header + older + body + entry


def _repeated(entry: bytes, after: int, reviewed: dict[int, Reviewed], *, same: bool) -> bytes:
    verdict, rule = (MACHINE, "retry") if same else (SUSPECTED, "proxy-repeat")
    reviewed[unpack_from(entry)[1]] = Reviewed(verdict, (rule,), f"{after / MICROS_PER_SECOND:.1f} s after the opening")
    return entry[:-1] + bytes((verdict,))


def _room(window: bytes, marks: int) -> tuple[bytes, bytes, int]:
    """What is kept of hits that left, the hits (without the oldest where one more would not fit), and the marks."""
    body, older = window[_HEADER.size :], b""
    if marks & _OVERFLOWED:
        older, body = body[: _OLDER.size], body[_OLDER.size :]
    if len(body) >= LIMIT * SIZE:
        first = Sighting(*unpack_from(body))
        known = PeopleTimes(*_OLDER.unpack(older)) if older else PeopleTimes()
        return _OLDER.pack(*known.with_(first, first.standing)), body[SIZE:], marks | _OVERFLOWED
    return older, body, marks


class _Review:
    """Adding hits where rules over several of them must look again."""

    def __init__(
        self, window: bytes, settings: WindowSettings, links: LinkCount, reviewed: dict[int, Reviewed]
    ) -> None:
        self._settings, self._links = settings, links()
        self._hits = read_window(window) if window else []
        overflowed = window and window[1] & _OVERFLOWED
        self._older = PeopleTimes(*_OLDER.unpack_from(window, _HEADER.size)) if overflowed else PeopleTimes()
        self._overflowed = bool(overflowed)
        self._reviewed = reviewed
        self._changed: dict[int, Correction] = {}
        self._news: set[int] = set()

    def add(self, news: list[bytes], done: int) -> AddedHits:
        """Add all but the first `done` of `news`, which are in the window already."""
        every = [Sighting(*unpack_from(entry)) for entry in news]
        self._news = {one.id for one in every}
        for one in every[done:]:
            insort(self._hits, one)
            if len(self._hits) > LIMIT:
                self._look()
                first = self._hits.pop(0)
                self._older, self._overflowed = self._older.with_(first, first.standing), True
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
            self._hits[n] = one._replace(standing=result.verdict)

    def _packed(self) -> bytes:
        header = _summary(self._hits, overflowed=self._overflowed)
        older = _OLDER.pack(*self._older) if self._overflowed else b""
        return header + older + b"".join(pack_sighting(*one) for one in self._hits)


def _summary(hits: list[Sighting], *, overflowed: bool) -> bytes:
    marks, anchor, seen = _OVERFLOWED if overflowed else 0, 0, 0
    networks: dict[int, None] = {}
    click = earlier = 0
    for one in hits:
        at, _, code, _, network, visitor, standing = one
        marks |= _marks(code)
        kind = code & KIND
        if kind == CLICK:
            click, earlier = at, click
            if standing >= SUSPECTED and one.base < SUSPECTED:
                marks |= _SWEPT
        elif kind == OPEN and code & PROXIED and standing < SUSPECTED:
            anchor, seen = at, visitor
        if code & PLAIN and network:
            networks[network] = None
    net_a, net_b = [*networks, 0, 0][:2]
    count = min(len(networks), 255)
    return _HEADER.pack(_FORMAT, marks, count, click, earlier, net_a, net_b, hits[-1].at, anchor, seen)
