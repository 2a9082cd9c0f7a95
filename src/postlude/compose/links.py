"""Links with a recipient's own text: checked and signed again for each copy, by the same code as all other links."""

import copy
from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from postlude.compose.pieces import Span
from postlude.instrument.anchors import Links, text_of
from postlude.instrument.reasons import LinkReason
from postlude.instrument.scanner import Attribute, Scan, Tag
from postlude.instrument.session import InstrumentSession
from postlude.instrument.url import clean_url

ASSUMED: Final = b"https://"


class SingleLinkSession(InstrumentSession):
    """A session for one link at a time."""

    position = 0

    def next_position(self) -> int:
        """Always the link's own."""
        return self.position

    def report(self, position: int, url: str, label: str, reason: LinkReason, where: str) -> None:
        """Not used: the template's list is made from the template."""

    def one(self, position: int) -> "SingleLinkSession":
        """A checker for one link, not shared, so that it is thread-safe."""
        made = copy.copy(self)
        made.position = position
        return made


class Cut(NamedTuple):
    """A piece of the template cut at its fields."""

    pieces: tuple[bytes, ...]
    fields: tuple[int, ...]

    def filled(self, values: Mapping[int, bytes]) -> bytes:
        """With the values in their places."""
        out = [self.pieces[0]]
        for piece, field in zip(self.pieces[1:], self.fields, strict=True):
            out += (values[field], piece)
        return b"".join(out)


class OwnLink(NamedTuple):
    """One link of the template with fields in it."""

    element: Cut
    """From its `<` to the end of its label."""
    address: Cut
    """The href's value."""
    position: int
    off: bool
    edit: tuple[bytes, ...]
    """The instrumented address in the template; empty when it is left unchanged."""

    @property
    def personal(self) -> bool:
        """Its address differs between recipients."""
        return bool(self.address.fields)

    def tail(self, judge: SingleLinkSession, values: Mapping[int, bytes]) -> bytes | None:
        """The path after the token for this recipient; None when the link is not treated as in the template."""
        snippet = self.element.filled(values)
        scan = Scan(snippet)
        off = [(0, len(snippet))] if self.off else []
        edit = next(Links(scan, judge.one(self.position), "utf-8", "html", off).edits(), None)
        pieces = () if edit is None else edit.pieces
        if len(pieces) != len(self.edit) or (not self.personal and pieces != self.edit):
            return None
        return pieces[1] if len(pieces) > 1 else b""

    def url(self, values: Mapping[int, bytes]) -> str:
        """Its destination for this recipient."""
        return clean_url(text_of(self.address.filled(values), "utf-8") or "")


def cut(data: bytes, start: int, end: int, spans: Sequence[Span]) -> Cut:
    """`data[start:end]` without the spans in it."""
    pieces: list[bytes] = []
    fields: list[int] = []
    for span in spans:
        if start <= span.start and span.end <= end:
            piece = data[start : span.start]
            pieces.append(piece.removesuffix(ASSUMED) if span.assumed else piece)
            fields.append(span.slot)
            start = span.end
    return Cut((*pieces, data[start:end]), tuple(fields))


def href(scan: Scan, tag: Tag) -> Attribute | None:
    """The first `href` of a link, which is the one that counts."""
    return next((each for each in scan.attributes(tag) if each.name == b"href"), None)
