"""Bytes and holes in turn: what a copy is joined from."""

from collections.abc import Iterable, Sequence
from typing import Final

from postlude.compose.pieces import ACT, Hole, Token
from postlude.dkim.canonical import relaxed_end, relaxed_lines

READ_HOLE: Final = 0
ACT_HOLE: Final = 1
"""The numbers of the holes for the copy's tokens."""
_HEADER_END: Final = b"\r\n\r\n"


class DocumentFrame:
    """Joined with what fills its holes."""

    def __init__(self, base: list[bytes], order: Sequence[int]) -> None:
        self._base: Final = base
        self._order: Final = order
        self._only_read: Final = not any(order)
        self._first, *self._rest = base[0::2]

    def join(self, pool: Sequence[bytes], before: bytes = b"") -> bytes:
        """The bytes, with `pool[number]` in each hole; `before` comes first of all."""
        if self._only_read:
            return pool[READ_HOLE].join([before + self._first, *self._rest])
        out = self._base.copy()
        out[1::2] = [pool[each] for each in self._order]
        out[0] = before + self._first
        return b"".join(out)

    def split(self) -> "tuple[DocumentFrame, DocumentFrame]":
        """Header block with the line end of its last field, and body."""
        for index in range(0, len(self._base), 2):
            at = self._base[index].find(_HEADER_END)
            if at >= 0:
                static, before, half = self._base[index], self._base[:index], index // 2
                head = DocumentFrame([*before, static[: at + 2]], self._order[:half])
                return head, DocumentFrame([static[at + 4 :], *self._base[index + 1 :]], self._order[half:])
        raise AssertionError("a message needs a blank line after its header")

    def relaxed(self) -> "DocumentFrame":
        """This body in the relaxed form of RFC 6376 3.4.4.

        Right only where no blank stands on either side of a hole, which holds for tokens, and for values in
        quoted-printable, where soft line breaks are around them.
        """
        statics = [relaxed_lines(each) for each in self._base[0::2]]
        statics[-1] = relaxed_end(statics[-1])
        base = self._base.copy()
        base[0::2] = statics
        return DocumentFrame(base, self._order)


def frame(pieces: Iterable[bytes | Token | Hole]) -> DocumentFrame:
    """A frame of pieces; a hole's slot is its number."""
    base: list[bytes] = [b""]
    order: list[int] = []
    for piece in pieces:
        if isinstance(piece, bytes):
            base[-1] += piece
        else:
            base += (b"", b"")
            if isinstance(piece, Hole):
                order.append(piece.slot)
            else:
                order.append(ACT_HOLE if piece is ACT else READ_HOLE)
    return DocumentFrame(base, order)
