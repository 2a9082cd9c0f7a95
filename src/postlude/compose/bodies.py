"""One text part for one recipient: fields put in, instrumented, and split into what is shared and what is not."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, NamedTuple

from postlude.compose import quoted
from postlude.compose.quoted import TOKEN, Piece, Value
from postlude.instrument import html_part, lines, text_part
from postlude.instrument.edits import Edit
from postlude.instrument.session import MAX_URL, Session

_LONG_LINE: Final = re.compile(rb"[^\n]{999}")
QUOTED_HEAD: Final = b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
EIGHT_BIT_HEAD: Final = b"Content-Transfer-Encoding: 8bit\r\n\r\n"


class Span(NamedTuple):
    """Bytes that are this recipient's own; `token` for the copy token."""

    start: int
    end: int
    token: bool = False


def edits_of(data: bytes, session: Session, *, html: bool, limited: bool) -> list[Edit]:
    """What instrumenting changes in a part, as for a message that came from outside."""
    session.max_url = lines.LONGEST_URL if limited else MAX_URL
    if not html:
        return text_part.plan(data, session, "utf-8", limited=limited)
    planned = html_part.plan(data, session, "utf-8", with_pixel=session.policy.opens)
    return lines.fit(data, planned.edits, planned.attribute_starts) if limited else planned.edits


def pieces_of(data: bytes, edits: Sequence[Edit], spans: Sequence[Span]) -> list[Piece]:
    """The edited part, split around what differs between recipients."""
    out: list[Piece] = []
    at = 0
    for edit in edits:
        out += _kept(data, at, edit.start, spans)
        own = any(span.start < edit.end and edit.start < span.end for span in spans)
        first, *rest = edit.pieces
        # With a token the part before it is ours and the same for everybody.
        out.append(Value(first) if own and not rest else first)
        for piece in rest:
            out += (TOKEN, Value(piece) if own else piece)
        at = edit.end
    return [*out, *_kept(data, at, len(data), spans)]


def _kept(data: bytes, start: int, end: int, spans: Sequence[Span]) -> Iterator[Piece]:
    for span in spans:
        if span.end <= start or span.start >= end:
            if start <= span.start == span.end < end:  # an empty value has its place all the same
                yield data[start : span.start]
                yield Value(b"")
                start = span.start
            continue
        if span.start > start:
            yield data[start : span.start]
        yield TOKEN if span.token else Value(data[max(start, span.start) : min(end, span.end)])
        start = min(end, span.end)
    yield data[start:end]


def too_long(data: bytes) -> bool:
    """A line is longer than 998 octets, so the part cannot travel as it is."""
    return _LONG_LINE.search(data.replace(b"\r\n", b"\n")) is not None


def encoded(pieces: Sequence[Piece], *, eight_bit: bool) -> list[Piece]:
    """The part's last header field, blank line and body."""
    return [EIGHT_BIT_HEAD, *pieces] if eight_bit else [QUOTED_HEAD, *quoted.encode(pieces)]


def joined(pieces: Iterable[Piece], token: bytes) -> bytes:
    """The pieces with the token in its places."""
    return b"".join(
        [piece if isinstance(piece, bytes) else piece.data if isinstance(piece, Value) else token for piece in pieces]
    )
