"""Edits in a base64 body: all of it is written again, because an insertion shifts everything behind it.

A token stands in a line of its own, together with the 0 to 2 bytes on either side that share its groups of three. So
per recipient only those short lines are encoded, once for each different pair of neighbours.
"""

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from typing import Final, NamedTuple

from postlude.instrument.edits import Edit, segments

_BYTES_PER_LINE: Final = 57  # 76 characters, RFC 2045 6.8
_VALID: Final = re.compile(rb"[A-Za-z0-9+/\r\n\t ]*={0,2}[\r\n\t ]*\Z")


class _Layout(NamedTuple):
    slots: list[tuple[bytes, bytes, bytes]]
    """Lines before a token, and the bytes left and right of it that are encoded with it."""
    last: bytes


class Base64:
    """A base64 body; ValueError when it holds anything else."""

    def __init__(self, raw: bytes) -> None:
        if not _VALID.match(raw):
            raise ValueError("characters that are not base64")
        try:
            self.decoded: Final = a2b_base64(raw)
        except Base64Error as error:
            raise ValueError("truncated base64") from error
        self._newline: Final = b"\r\n" if b"\r\n" in raw[:1000] or b"\n" not in raw else b"\n"
        self._blank_end: Final = raw[len(raw.rstrip(b"\r\n\t ")) :]

    def splice(self, edits: Sequence[Edit]) -> "Base64Pieces":
        """The edited body."""
        return Base64Pieces(segments(self.decoded, edits), self._newline, self._blank_end)


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
        newline = self._newline
        if len(data) <= _BYTES_PER_LINE:
            return b2a_base64(data, newline=False) + newline if data else b""
        encoded = b2a_base64(data, newline=False)
        return newline.join([encoded[i : i + 76] for i in range(0, len(encoded), 76)]) + newline
