"""Splices edits into a body in its transfer encoding. Each form leaves all other bytes unchanged.

Identity and quoted-printable contain the copy token literally, so an edited body is bytes split at the token. Base64
encodes it together with its neighbours: see `base64_body`.
"""

import re
from binascii import a2b_qp
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from postlude.instrument.edits import Edit, split_edited
from postlude.instrument.lines import newline_of
from postlude.instrument.minter import TOKEN_LENGTH


class Identity:
    """7bit, 8bit, binary."""

    def __init__(self, raw: bytes) -> None:
        self.decoded: Final = raw

    def splice(self, edits: Sequence[Edit]) -> list[bytes]:
        """The body with ascending edits made, split where the token goes."""
        return split_edited(self.decoded, edits)


_LONGEST_LINE: Final = 76  # RFC 2045 6.7 (5), the `=` of a soft line break included
_CARRIAGE_RETURN: Final = 13
# What a2b_qp makes shorter, exactly as it reads it: a soft line break (also with blanks or rubbish behind the `\r`),
# an escape, `==` for one equals sign, and a `=` that ends everything.
_ESCAPE: Final = re.compile(rb"=(?:([0-9A-Fa-f]{2})|(\n|\r[^\n]*(?:\n|\Z))|(=)|(\Z))")
_ANYWHERE: Final = bytes(byte for byte in range(33, 127) if byte != ord("="))
"""Bytes that are literal everywhere."""
_UNSAFE: Final = re.compile(rb"[^\t\n\r !-<>-~]|[ \t](?=\r?\n|\Z)")


class QuotedPrintable:
    """Quoted-printable: new text goes in escaped, with soft line breaks around it; nothing else is encoded again."""

    def __init__(self, raw: bytes, newline: bytes = b"\r\n") -> None:
        self._raw: Final = raw
        self.decoded: Final = a2b_qp(raw)
        self._newline: Final = newline_of(raw, newline)
        self._soft: Final = b"=" + self._newline

    def splice(self, edits: Sequence[Edit]) -> list[bytes]:
        """The body with ascending edits made, split where the token goes."""
        raw = self._raw
        offsets = self._offsets(edits)
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
                    piece.append(self._soft)
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
                piece.append(self._soft)
                column = 0
        piece.append(raw[at:])
        done.append(b"".join(piece))
        return done

    def _put(self, piece: list[bytes], text: bytes, column: int) -> int:
        """Append `text` escaped and broken into lines that fit; returns the column behind it."""
        if not text.translate(None, _ANYWHERE):
            return self._put_line(piece, text, column)
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
            while cut and text.find(b"=", at + max(cut - 2, 0), at + cut) >= 0:  # never inside an escape
                cut -= 1
            piece += (text[at : at + cut], self._soft)
            at += cut
            room = _LONGEST_LINE - 1
        piece.append(text[at:] if at else text)
        return _LONGEST_LINE - 1 - room + size - at

    def _offsets(self, edits: Sequence[Edit]) -> list[int]:
        """Start and end of each edit in the raw body. Soft line breaks beside an edit stay."""
        found = self._counted(edits)
        return found if self._fits(edits, found) else self._walked(edits)

    def _counted(self, edits: Sequence[Edit]) -> list[int]:
        """By counting equals signs, which is right for what encoders write."""
        # An escape is two bytes longer than its value, and so is `=` with a line end, plus one when that is CR LF.
        raw = self._raw
        soft = self._soft if len(self._newline) > 1 else b""
        found: list[int] = []
        at = shorter = 0  # a raw offset, and by how much the decoded one is smaller
        for edit in edits:
            for offset in (edit.start,) if edit.start == edit.end else (edit.start, edit.end):
                while (ahead := offset + shorter) > at:
                    shorter += 2 * raw.count(b"=", at, ahead)
                    if soft:
                        shorter += raw.count(soft, at, ahead + 2)
                    at = ahead
                found.append(at if len(found) % 2 else self._behind_soft_breaks(at))
            if len(found) % 2:
                found.append(found[-1])
        return found

    def _fits(self, edits: Sequence[Edit], offsets: list[int]) -> bool:
        """Each raw piece decodes to the piece it was encoded from."""
        raw, decoded = self._raw, self.decoded
        pieces = pairwise([0, *offsets, len(raw)])
        reported = pairwise([0, *(offset for edit in edits for offset in (edit.start, edit.end)), len(decoded)])
        return all(a2b_qp(raw[a:b]) == decoded[c:d] for (a, b), (c, d) in zip(pieces, reported, strict=True))

    def _behind_soft_breaks(self, at: int) -> int:
        while self._raw.startswith(self._soft, at):
            at += len(self._soft)
        return at

    def _walked(self, edits: Sequence[Edit]) -> list[int]:
        """As `_offsets`, escape by escape: for bodies that no encoder should have written."""
        escapes = _ESCAPE.finditer(self._raw)
        found: list[int] = []
        raw_at = decoded_at = 0
        escape = next(escapes, None)
        for edit in edits:
            for offset in (edit.start, edit.end):
                while escape is not None:
                    before = decoded_at + escape.start() - raw_at
                    if before > offset or (before == offset and escape[2] is None):
                        break
                    raw_at = escape.end()
                    decoded_at = before + (0 if escape[2] is not None or escape[4] is not None else 1)
                    escape = next(escapes, None)
                found.append(raw_at + offset - decoded_at)
        return found


def _escape(match: re.Match[bytes]) -> bytes:
    return b"=%02X" % match[0][0]
