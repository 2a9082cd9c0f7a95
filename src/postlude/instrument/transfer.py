"""Splices edits into a body in its transfer encoding. Each form keeps every byte it does not have to touch.

Identity and quoted-printable hold the copy token as it is, so an edited body is bytes split where the token goes.
Base64 holds it encoded together with its neighbours: see `base64_body`.
"""

import re
from binascii import a2b_qp
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

from postlude.instrument.edits import Edit, segments
from postlude.instrument.minter import TOKEN_LENGTH


class Identity:
    """7bit, 8bit, binary."""

    def __init__(self, raw: bytes) -> None:
        self.decoded: Final = raw

    def splice(self, edits: Sequence[Edit]) -> list[bytes]:
        """The body with ascending edits made, split where the token goes."""
        return segments(self.decoded, edits)


_LONGEST_LINE: Final = 76  # RFC 2045 6.7 (5), the `=` of a soft line break included
_CARRIAGE_RETURN: Final = 13
_BLOCKS: Final = re.compile(rb"[\x00-\xff]{1,400}[^\n]*\n?")
# What a2b_qp makes shorter, exactly as it reads it: a soft line break (also with blanks or rubbish behind the `\r`),
# an escape, `==` for one equals sign, and a `=` that ends everything.
_ESCAPE: Final = re.compile(rb"=(?:([0-9A-Fa-f]{2})|(\n|\r[^\n]*(?:\n|\Z))|(=)|(\Z))")
_UNSAFE: Final = re.compile(rb"[^\t\n\r !-<>-~]|[ \t](?=\r?\n|\Z)")


class QuotedPrintable:
    """Quoted-printable: new text goes in escaped, with soft line breaks around it; nothing else is encoded again."""

    def __init__(self, raw: bytes) -> None:
        self._raw: Final = raw
        self._blocks: Final = _BLOCKS.findall(raw)
        parts = [a2b_qp(block) for block in self._blocks]
        self.decoded: Final = b"".join(parts)
        self._raw_at: Final = _sums(self._blocks)
        self._decoded_at: Final = _sums(parts)
        self._newline: Final = b"\r\n" if b"\r\n" in raw[:1000] or b"\n" not in raw else b"\n"

    def splice(self, edits: Sequence[Edit]) -> list[bytes]:
        """The body with ascending edits made, split where the token goes."""
        raw = self._raw
        offsets = self._offsets([offset for edit in edits for offset in (edit.start, edit.end)])
        done: list[bytes] = []
        piece: list[bytes] = []
        at = column = 0
        for index, edit in enumerate(edits):
            start, end = offsets[2 * index], offsets[2 * index + 1]
            kept = raw[at:start]
            piece.append(kept)
            newline = kept.rfind(b"\n")
            column = column + len(kept) if newline < 0 else len(kept) - newline - 1
            at = end
            first, *rest = edit.pieces
            column = self._put(piece, first, column)
            for more in rest:
                if column + TOKEN_LENGTH >= _LONGEST_LINE:
                    piece.append(b"=" + self._newline)
                    column = 0
                done.append(b"".join(piece))
                piece = []
                column = self._put(piece, more, column + TOKEN_LENGTH)
            following = offsets[2 * index + 2] if index + 1 < len(edits) else len(raw)
            line_end = raw.find(b"\n", end, following)
            left = (following if line_end < 0 else line_end) - end
            if line_end > end and raw[line_end - 1] == _CARRIAGE_RETURN:
                left -= 1
            if left and column and column + left > _LONGEST_LINE:
                piece.append(b"=" + self._newline)
                column = 0
        piece.append(raw[at:])
        done.append(b"".join(piece))
        return done

    def _put(self, piece: list[bytes], text: bytes, column: int) -> int:
        """Append `text` escaped and broken into lines that fit; returns the column behind it."""
        escaped = _UNSAFE.sub(_escape, text)
        *lines, last = escaped.split(b"\n")
        for line in lines:
            self._put_line(piece, line, column)
            piece.append(b"\n")
            column = 0
        return self._put_line(piece, last, column)

    def _put_line(self, piece: list[bytes], text: bytes, column: int) -> int:
        at, size = 0, len(text)
        room = _LONGEST_LINE - 1 - column
        while size - at > room:
            cut = max(room, 0)
            while cut and b"=" in text[at + max(cut - 2, 0) : at + cut]:  # never inside an escape
                cut -= 1
            piece.append(text[at : at + cut])
            piece.append(b"=" + self._newline)
            at += cut
            room = _LONGEST_LINE - 1
        piece.append(text[at:])
        return _LONGEST_LINE - 1 - room + size - at

    def _offsets(self, wanted: list[int]) -> list[int]:
        """Raw offsets of ascending decoded offsets. Block by block first, then escape by escape inside one block."""
        found: list[int] = []
        last = -1
        raw_at = decoded_at = 0
        for offset in wanted:
            index = bisect_right(self._decoded_at, offset) - 1
            # Empty blocks share an offset: the last of them begins where the wanted byte is.
            index = min(index, len(self._blocks) - 1)
            if index < 0:
                found.append(0)
                continue
            if index != last:
                last, raw_at, decoded_at = index, 0, self._decoded_at[index]
            raw_at, decoded_at = _walk(self._blocks[index], raw_at, decoded_at, offset)
            found.append(self._raw_at[index] + raw_at + offset - decoded_at)
        return found


def _walk(block: bytes, raw_at: int, decoded_at: int, offset: int) -> tuple[int, int]:
    """The last place at or before `offset` where raw and decoded offsets are known to meet."""
    for escape in _ESCAPE.finditer(block, raw_at):
        before = decoded_at + escape.start() - raw_at
        if before > offset or (before == offset and escape[2] is None):
            break
        raw_at = escape.end()
        decoded_at = before + (0 if escape[2] is not None or escape[4] is not None else 1)
    return raw_at, decoded_at


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]


def _sums(parts: list[bytes]) -> list[int]:
    total = 0
    sums = []
    for part in parts:
        sums.append(total)
        total += len(part)
    return sums
