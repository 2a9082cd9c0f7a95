"""Edits in a base64 body: the whole body is encoded again, because an insertion shifts everything after it.

A token is on its own line, together with the 0 to 2 bytes on either side that share its groups of three. So per
recipient only those short lines are encoded, once for each different pair of neighbours.
"""

from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from typing import Final, NamedTuple

from postlude.instrument.edits import Edit, split_edited
from postlude.instrument.lines import newline_of

_LINE: Final = 76  # RFC 2045 6.8
_MOST_LINES: Final = 64


class _Layout(NamedTuple):
    slots: list[tuple[bytes, bytes, bytes]]
    """Lines before a token, and the bytes left and right of it that are encoded with it."""
    last: bytes


class Base64:
    """A base64 body; ValueError when it contains anything else."""

    def __init__(self, raw: bytes, newline: bytes = b"\r\n") -> None:
        try:
            self.decoded: Final = a2b_base64(raw.translate(None, b"\r\n\t "), strict_mode=True)
        except Base64Error as error:
            raise ValueError("not base64") from error
        self._newline: Final = newline_of(raw, newline)
        self._blank_end: Final = raw[len(raw.rstrip(b"\r\n\t ")) :]

    def splice(self, edits: Sequence[Edit]) -> "Base64Pieces":
        """The edited body."""
        return Base64Pieces(split_edited(self.decoded, edits), self._newline, self._blank_end)


class Base64Pieces:
    """An edited base64 body, ready for any number of tokens."""

    def __init__(self, parts: list[bytes], newline: bytes, blank_end: bytes) -> None:
        self._parts: Final = parts
        self._newline: Final = newline
        self._blank_end: Final = blank_end
        self._layouts: Final[dict[int, _Layout]] = {}

    def render(self, token: bytes) -> bytes:
        """The body with this token in every place."""
        layout = self._layouts.get(len(token))
        if layout is None:
            layout = self._layouts[len(token)] = self._lay_out(len(token))
        encoded: dict[tuple[bytes, bytes], bytes] = {}
        out: list[bytes] = []
        for lines, left, right in layout.slots:
            line = encoded.get((left, right))
            if line is None:
                line = encoded[left, right] = self._lines(left + token + right)
            out.append(lines)
            out.append(line)
        out.append(layout.last)
        return b"".join(out).removesuffix(self._newline) + self._blank_end

    def _lay_out(self, token_length: int) -> _Layout:
        slots = []
        text = self._parts[0]
        for following in self._parts[1:]:
            shared = len(text) % 3
            left = text[len(text) - shared :]
            wanted = -(shared + token_length) % 3
            slots.append((self._lines(text[: len(text) - shared]), left, following[:wanted]))
            text = following[wanted:]
        return _Layout(slots, self._lines(text))

    def _lines(self, data: bytes) -> bytes:
        encoded = b2a_base64(data, newline=False)
        if len(encoded) <= _LINE:
            return encoded + self._newline if data else b""
        lines: list[bytes] = []
        at, left = 0, len(encoded) // _LINE
        while left:
            some = min(left, _MOST_LINES)
            lines += _whole_lines(some).unpack_from(encoded, at)
            at, left = at + some * _LINE, left - some
        if at < len(encoded):
            lines.append(encoded[at:])
        return self._newline.join(lines) + self._newline


@lru_cache(maxsize=_MOST_LINES)
def _whole_lines(count: int) -> Struct:
    """Cuts into lines four times as fast as slices do."""
    return Struct(f"{_LINE}s" * count)
