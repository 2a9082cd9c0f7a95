"""One part of a template with its logic decided: what all copies share, laid out once.

Whatever cannot be promised for every value raises Unshared, and such a template goes the one-by-one way.
"""

import re
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple

from postlude.compose import links, parts
from postlude.compose.contexts import all_tame
from postlude.compose.links import Cut, OwnLink
from postlude.compose.pieces import Piece, Span, joined, split
from postlude.instrument import LinkReason, PixelPlace, grammar
from postlude.instrument.edits import Edit
from postlude.instrument.marks import off_ranges, within
from postlude.instrument.pixel import CLIP
from postlude.instrument.scanner import Scan

_LONGEST_LINE: Final = 998
_GROWTH: Final = 8
"""A byte of a value takes at most this many in a message: as text of a link and percent-encoded in its URL."""
_MARK: Final = 100
"""Bytes, at most, that a placeholder takes up in the same way."""
_NOT_IN_A_WORD: Final = re.compile(rb"[\x00-\x20<>\"\x7f]")
_WRAPPED: Final = re.compile(rb"<(?:url:)?https?[^\x00-\x20<>\"\x7f]*+\r?\n", re.IGNORECASE)
UNBOUNDED: Final = 1 << 40


class Unshared(Exception):  # noqa: N818 - no error: the template goes the one-by-one way
    """A value could change how the text around it is read."""


class HoleFill(NamedTuple):
    """Content of one hole."""

    number: int
    """Number of the field, or of the link in its part."""
    html: bool
    quoted: bool
    link: bool = False


class PartPlan(NamedTuple):
    """One part, laid out; its holes are numbered as the caller wanted."""

    pieces: list[Piece]
    own_links: list[OwnLink]
    twins: frozenset[str] | None
    """Addresses that no personal link may have, if Outlook's twins are identified by their address; else None."""
    room: int
    """Bytes of values for which the layout is valid."""
    words: bool
    """A value with `:` or `/` in it could be a link of its own."""


class PartShape:
    """Splits one part."""

    def __init__(
        self, data: bytes, spans: Sequence[Span], session: parts.Numbered, *, html: bool, eight_bit: bool
    ) -> None:
        self._data: Final = data
        self._all: Final = spans
        self._own: Final = [each for each in spans if not each.token]
        self._session: Final = session
        self._html: Final = html
        self._eight_bit: Final = eight_bit

    def plan(self, slot_of: Callable[[HoleFill], int], token: bytes) -> PartPlan:
        """The part's layout; Unshared when no layout fits all copies."""
        data, session = self._data, self._session
        before = len(session.links)
        edits = parts.edits_of(data, session, html=self._html, limited=False)
        if self._eight_bit:
            self._check_lines(edits, before)
        own: list[OwnLink] = []
        twins = None
        slots: dict[int, int] = {}
        if self._html and self._own:
            own, twins, slots = self._own_links(edits, slot_of)
        words = not self._html and bool(self._own) and session.policy.clicks and session.policy.text
        if words:
            self._check_words()
        self._check_neighbours(edits, slots)
        spans = [
            each if each.token else each._replace(slot=slot_of(HoleFill(each.slot, self._html, not self._eight_bit)))
            for each in self._all
        ]
        pieces = parts.encoded(split(data, edits, spans, slots), eight_bit=self._eight_bit)
        return PartPlan(pieces, own, twins, self._room(edits, token), words)

    def _check_lines(self, edits: Sequence[Edit], before: int) -> None:
        """Lines stay short by themselves: then nothing is broken or left out for their sake."""
        again = parts.Numbered(self._session.policy, self._session.urls)
        limited = parts.edits_of(self._data, again, html=self._html, limited=True)
        if [(each.start, each.end) for each in limited] != [(each.start, each.end) for each in edits] or any(
            link.reason is LinkReason.TOO_LONG for link in (*again.links, *self._session.links[before:])
        ):
            raise Unshared

    def _own_links(
        self, edits: Sequence[Edit], slot_of: Callable[[HoleFill], int]
    ) -> tuple[list[OwnLink], frozenset[str] | None, dict[int, int]]:
        scan = Scan(self._data, grammar.ALL)
        if not all_tame(self._data, scan, self._own):
            raise Unshared
        found = _Collected(self._session, slot_of, quoted=not self._eight_bit)
        off = off_ranges(scan)
        by_start = {edit.start: edit.pieces for edit in edits if edit.start < edit.end}
        for index, tag in enumerate(scan.links):
            attribute = links.href(scan, tag)
            if attribute is not None:
                end = scan.label_end.get(index, len(self._data))
                element = links.cut(self._data, tag.start, end, self._own)
                address = links.cut(self._data, attribute.value_start, attribute.value_end, self._own)
                made = by_start.get(attribute.value_start, ())
                link = OwnLink(element, address, self._session.minted.get(made, 0), within(off, tag.start), made)
                found.add(link, attribute.value_start, outlook=tag.outlook)
        return found.links, found.twins(), found.slots()

    def _check_words(self) -> None:
        """No field is part of a URL in plain text, or of the line in which one could go on."""
        data, at = self._data, 0
        if _WRAPPED.search(data):
            raise Unshared
        holes = {span.start: span for span in self._own}
        for span in self._own:
            start = span.start
            while start > at and not _NOT_IN_A_WORD.match(data, start - 1):
                start -= 1
            found = _NOT_IN_A_WORD.search(data, span.end)
            end = found.start() if found else len(data)
            word = links.cut(data, start, end, [each for each in holes.values() if start <= each.start < end])
            if b"://" in b"".join(word.pieces):
                raise Unshared

    def _check_neighbours(self, edits: Sequence[Edit], slots: dict[int, int]) -> None:
        """The edits touch no field, except for rewritten addresses."""
        assumed = {span for span in self._own if span.assumed}
        for edit in edits:
            if any(span.token and span.start < edit.end and edit.start < span.end for span in self._all):
                raise Unshared
            if edit.start in slots and edit.start < edit.end:
                assumed -= {span for span in self._own if edit.start <= span.start < edit.end}
                continue
            for span in self._own:
                touched = span.start <= edit.end and edit.start <= span.end
                if touched if edit.start < edit.end else span.start <= edit.start < span.end:
                    raise Unshared
        if assumed:  # an address that begins with a field, and is not tracked
            raise Unshared

    def _room(self, edits: Sequence[Edit], token: bytes) -> int:
        room = UNBOUNDED
        if self._eight_bit:
            shown = joined(split(self._data, edits, [each for each in self._all if each.token]), token, token)
            room = (_LONGEST_LINE - max(map(len, shown.split(b"\r\n")))) // _GROWTH
        if self._html and self._session.policy.pixel is PixelPlace.AUTO and self._own:
            total = len(self._data) + sum(sum(map(len, edit.pieces)) for edit in edits if edit.start < edit.end)
            if total > CLIP:
                room = room if total - _MARK * len(self._own) > CLIP else -1
            else:
                room = min(room, (CLIP - total) // _GROWTH)
        if room < 0:
            raise Unshared
        return room


class _Collected:
    """The links of one part, sorted by what has to be done for each copy."""

    def __init__(self, session: parts.Numbered, slot_of: Callable[[HoleFill], int], *, quoted: bool) -> None:
        self._clicks: Final = session.policy.clicks or bool(session.policy.utm)
        self._slot_of: Final = slot_of
        self._quoted: Final = quoted
        self.links: Final[list[OwnLink]] = []
        self._fixed: Final[set[str]] = set()
        self._outlook = False
        self._numbers: Final[dict[tuple[Cut, tuple[bytes, ...]], int]] = {}
        self._places: Final[list[tuple[int, tuple[Cut, tuple[bytes, ...]]]]] = []

    def add(self, link: OwnLink, start: int, *, outlook: bool) -> None:
        """One link whose address begins at `start`."""
        self._outlook = self._outlook or outlook
        if not link.personal:
            self._fixed.add(link.url({}))
        if not link.element.fields:
            return
        if len(link.edit) == 1:
            raise Unshared
        if link.personal and link.edit:
            self._places.append((start, (link.address, link.edit)))
            if outlook:
                return  # a twin, made together with the visible link
            self._numbers[link.address, link.edit] = len(self.links)
        if link.edit or self._clicks:
            self.links.append(link)

    def slots(self) -> dict[int, int]:
        """The slot of each rewritten address."""
        try:
            numbered = [(start, self._numbers[key]) for start, key in self._places]
        except KeyError:
            raise Unshared from None
        return {
            start: self._slot_of(HoleFill(number, html=True, quoted=self._quoted, link=True))
            for start, number in numbered
        }

    def twins(self) -> frozenset[str] | None:
        """Addresses that are equal in every copy, used to tell twin links apart."""
        return frozenset(self._fixed) if self._outlook else None
