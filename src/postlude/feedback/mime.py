"""A lenient mail parser: every byte string is a message; never raises.

The standard library's parser costs about a millisecond a bounce and fails on mail of real servers; this one only
splits: headers, parts, transfer encodings. Bounds (depth, number of parts) keep hostile input cheap.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Final

from postlude.mail.charset import decode_text
from postlude.mail.content_type import read_content
from postlude.mail.fields import block_end, read_ascii_pairs, read_pairs
from postlude.mail.limits import DEPTH, PARTS
from postlude.mail.transfer_encoding import decode_body

PREAMBLE: Final = 300
"""How far from its start a body without any Content-Type is searched for a boundary."""
_BOUNDARY: Final = re.compile(rb"(?:^|\n)--([\w'()+,./:=?-]{8,70})\n(?:Content-[\w-]+:|\n(?=[^-]))", re.IGNORECASE)
_WHITE: Final = " \t\n\r\x0b\x0c"
_MAX_REMEMBERED: Final = 100
"""Characters of a Content-Type that is remembered; longer ones name a boundary, which is another each time."""


class ReturnedPart:
    """One message or body part: headers (names lower-cased, values unfolded and as they came) and its raw body."""

    __slots__ = ("_first", "body", "headers", "params", "parts", "type")

    def __init__(self, headers: list[tuple[str, str]], body: bytes, default: str) -> None:
        self.headers = headers
        self._first = dict(reversed(headers))
        self.body = body
        self.parts: list[ReturnedPart] = []
        value = self._first.get("content-type", "")
        self.type, self.params = (_known_type if len(value) <= _MAX_REMEMBERED else _content_type)(value, default)

    def get(self, name: str) -> str:
        """The first header of that (lower-case) name, empty when there is none."""
        return self._first.get(name, "")

    def names_one_of(self, names: frozenset[str]) -> bool:
        """One of these (lower-case) headers is there, whatever it says."""
        return not names.isdisjoint(self._first)

    def has_one_of(self, names: frozenset[str]) -> bool:
        """One of these (lower-case) headers is there and not empty."""
        return not names.isdisjoint(self._first) and any(self._first.get(name) for name in names)

    def all(self, name: str) -> list[str]:
        """All headers of that name in order."""
        return [value for key, value in self.headers if key == name] if name in self._first else []

    def walk(self) -> Iterator["ReturnedPart"]:
        """This part and everything inside, in order."""
        yield self
        for part in self.parts:
            yield from part.walk()

    def content(self) -> bytes:
        """The body with its transfer encoding undone; what cannot be decoded stays as it is."""
        return decode_body(self.get("content-transfer-encoding").strip().lower(), self.body)

    def text(self) -> str:
        """The content as text in its charset, or the nearest that can be read."""
        return decode_text(self.content(), self.params.get("charset", ""))


def read(raw: bytes) -> ReturnedPart:
    """Read one message. Line ends become LF; a truncated message gives what is there."""
    raw = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return _Reader().part(raw.lstrip(b"\n"), 0, "text/plain")


def split_headers(raw: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """Headers and body of LF-separated bytes; without a blank line everything is header."""
    found = block_end(raw, 0, len(raw))
    end, start = found or (len(raw), len(raw))
    head = raw[:end]
    if head.isascii() and b"\0" not in head:
        return [(name, _unfolded_text(value)) for name, value in read_ascii_pairs(head.decode("ascii"))], raw[start:]
    return [(name, decode_text(_unfolded(value), "")) for name, value in read_pairs(head, 0, end)], raw[start:]


def _unfolded_text(value: str) -> str:
    """`_unfolded` for text in ASCII: the same white space goes."""
    if "\n" in value:
        value = value.replace("\n\t", " ").replace("\n ", " ")
    return value.strip(_WHITE)


def _unfolded(value: bytes) -> bytes:
    """On one line; white space within it stays as it came."""
    if b"\n" in value:
        value = value.replace(b"\n\t", b" ").replace(b"\n ", b" ")
    return value.replace(b"\0", b"").strip()


class _Reader:
    def __init__(self) -> None:
        self._left = PARTS

    def part(self, raw: bytes, depth: int, default: str) -> ReturnedPart:
        headers, body = split_headers(raw)
        part = ReturnedPart(headers, body, default)
        if depth >= DEPTH:
            return part
        boundary = part.params.get("boundary", "")
        if part.type.startswith("multipart/") or (depth == 0 and not part.get("content-type")):
            inner = "message/rfc822" if part.type == "multipart/digest" else "text/plain"
            pieces = self._pieces(body, boundary) if boundary else []
            # Gateways rewrite or lose the header that names the boundary; the body still shows it.
            if not pieces and (guess := _BOUNDARY.search(body, 0, len(body) if boundary else PREAMBLE)):
                pieces = self._pieces(body, guess[1].decode("latin-1"))
            if not pieces and part.type.startswith("multipart/") and body.strip():
                pieces = [b"\n" + body]  # no boundary line at all: the whole body is one text
            part.parts = [self.part(piece, depth + 1, inner) for piece in pieces]
        elif part.type in {"message/rfc822", "message/global"}:
            part.parts = [self.part(part.content().lstrip(b"\n"), depth + 1, "text/plain")]
        return part

    def _pieces(self, body: bytes, boundary: str) -> list[bytes]:
        """What stands between the rows that are the boundary (RFC 2046 section 5.1.1), up to the closing one."""
        mark = b"--" + boundary.encode("latin-1", "replace")
        pieces: list[bytes] = []
        start, found = -1, body.find(mark)
        while found >= 0:
            at = found + len(mark)
            if not found or body.startswith(b"\n", found - 1):
                end = body.find(b"\n", at)
                end = len(body) if end < 0 else end
                rest = body[at:end].rstrip(b" \t")
                if rest in {b"", b"--"}:
                    if start >= 0:
                        pieces.append(body[start : max(found - 1, 0)])
                    if rest or self._left <= 0:
                        return pieces
                    self._left -= 1
                    start = end + 1
            found = body.find(mark, at)
        if start >= 0:
            pieces.append(body[start:])
        return pieces


@lru_cache(maxsize=256)
def _known_type(value: str, default: str) -> tuple[str, Mapping[str, str]]:
    return _content_type(value, default)


def _content_type(value: str, default: str) -> tuple[str, Mapping[str, str]]:
    read = read_content(value)
    return read if "/" in read.kind else (default, {})
