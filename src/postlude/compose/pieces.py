"""An instrumented part, split into what all recipients share and what is one recipient's own."""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from postlude.instrument.edits import Edit


class Value(NamedTuple):
    """Text of one recipient's."""

    data: bytes


class Hole(NamedTuple):
    """Slot of text that is not known yet."""

    slot: int


class Token:
    """Slot of one of the copy's two tokens."""


READ: Final = Token()
"""The token of pixel and links."""
ACT: Final = Token()
"""The act token."""
Piece = bytes | Value | Hole | Token


class Span(NamedTuple):
    """Bytes of a part that are one recipient's own."""

    start: int
    end: int
    slot: int = -1
    """The hole's content, when it is one."""
    token: bool = False
    """It is the copy's act token: templates print the URLs of its pages."""
    assumed: bool = False
    """An address begins with it, and `https://` was put before it so that it reads like one."""

    def piece(self, data: bytes, start: int, end: int) -> Piece:
        """The part of it between `start` and `end`."""
        if self.token:
            return ACT
        return Value(data[start:end]) if self.slot < 0 else Hole(self.slot)


def split(
    data: bytes, edits: Sequence[Edit], spans: Sequence[Span], links: dict[int, int] | None = None
) -> list[Piece]:
    """The edited part in pieces. An edit of a recipient's own text is a piece of its own.

    `links` maps the start of such an edit to the slot of its hole; without it the text is there already. A value that
    is empty is inside of an edit it touches, and before what is inserted at its place.
    """
    cut = _Cut(data, spans)
    for edit in edits:
        cut.keep(edit.start, inserts=edit.start == edit.end)
        own = cut.swallow(edit.end) if edit.start < edit.end else False
        first, *rest = edit.pieces
        if own and not rest:
            cut.out.append(Value(first) if links is None else Hole(links[edit.start]))
        else:
            cut.out.append(first)  # the part before the token is equal for all recipients
        for piece in rest:
            cut.out += (READ, piece if not own else Value(piece) if links is None else Hole(links[edit.start]))
    cut.keep(len(data), inserts=True)
    return cut.out


class _Cut:
    """Walks over data and spans together."""

    def __init__(self, data: bytes, spans: Sequence[Span]) -> None:
        self.out: list[Piece] = []
        self._data: Final = data
        self._spans: Final = spans
        self._at = 0
        self._next = 0

    def keep(self, end: int, *, inserts: bool) -> None:
        """Data and spans up to `end`; an empty span right there as well when something is inserted."""
        while self._next < len(self._spans):
            span = self._spans[self._next]
            empty = span.start == span.end
            if span.start > end or (span.start == end and not (empty and inserts)):
                break
            if span.start > self._at:
                self.out.append(self._data[self._at : span.start])
            self.out.append(span.piece(self._data, max(span.start, self._at), min(span.end, end)))
            self._at = max(self._at, min(span.end, end))
            if span.end > end:
                return
            self._next += 1
        self.out.append(self._data[self._at : end])
        self._at = end

    def swallow(self, end: int) -> bool:
        """Pass over what an edit replaces; whether a span was in it."""
        own = False
        while self._next < len(self._spans):
            span = self._spans[self._next]
            if span.start > end or (span.start == end and span.end > end):
                break
            own = True
            if span.end > end:
                break
            self._next += 1
        self._at = end
        return own


def joined(pieces: Iterable[Piece], read: bytes, act: bytes) -> bytes:
    """The pieces with the tokens in their places."""
    out: list[bytes] = []
    for piece in pieces:
        assert not isinstance(piece, Hole)
        if isinstance(piece, bytes):
            out.append(piece)
        else:
            out.append(piece.data if isinstance(piece, Value) else act if piece is ACT else read)
    return b"".join(out)
