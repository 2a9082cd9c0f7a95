"""Byte ranges of a message's parts, found without changing or losing a byte (RFC 2045, 2046, 5322)."""

import re
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from postlude.instrument.reasons import PartReason
from postlude.mail.content_type import ContentType, read_content
from postlude.mail.fields import RawField, block_end, read_fields
from postlude.mail.limits import DEPTH, PART_HEADS_BYTES, PARTS

_FIRST_LINE: Final = re.compile(rb"(?:From [^\n]*+\n)?[!-9;-~]++[ \t]*+:")


class MimePart(NamedTuple):
    """A leaf, or something that is treated as one."""

    path: str
    content_type: str
    charset: str
    encoding: str
    disposition: str
    head: int
    """Where its header begins."""
    start: int
    """Of the body."""
    end: int
    reason: PartReason | None
    """Why it must not be opened; None when it may be."""


def starts_with_header(raw: bytes, start: int = 0) -> bool:
    """The first line is a header field (an mbox `From ` line may come before)."""
    return _FIRST_LINE.match(raw, start) is not None


def content(value: bytes) -> ContentType:
    """The field's value read, on one line."""
    return read_content(value.decode("utf-8", "replace").replace("\r", "").replace("\n", ""))


def first(header: Sequence[RawField], name: str) -> bytes:
    """The first field of that name, empty when there is none."""
    return next((each.value for each in header if each.name == name), b"")


class _Walk:
    """One walk over a message; counts parts and their headers, so that adversarial input stays linear."""

    def __init__(self, raw: bytes, header: Sequence[RawField] | None) -> None:
        self._raw: Final = raw
        self._header: Final = header
        self._parts = 0
        self._heads = 0

    def entity(self, start: int, end: int, path: str, default: str, depth: int) -> Iterator[MimePart]:
        """The leaves of the entity `raw[start:end]`."""
        self._parts += 1
        found = block_end(self._raw, start, end)
        if found is None or found[1] > end:
            yield MimePart(path, default, "", "", "", start, end, end, None)
            return
        stop, body = found
        self._heads += stop - start if depth else 0
        if self._heads > PART_HEADS_BYTES:
            yield MimePart(path, default, "", "", "", start, body, end, PartReason.TOO_MANY_PARTS)
            return
        known = self._header if depth == 0 else None
        header = read_fields(self._raw, start, stop) if known is None else known
        value = first(header, "content-type")
        kind, parameters = content(value) if value else ContentType(default, {})
        encoding = first(header, "content-transfer-encoding").decode("latin-1").partition(";")[0].strip().lower()
        disposition = content(first(header, "content-disposition")).kind
        charset = parameters.get("charset", "").strip().lower()
        leaf = MimePart(path, kind, charset, encoding, disposition, start, body, end, None)
        reason = _closed_reason(kind)
        if reason is not None:
            yield leaf._replace(reason=reason)
        elif not kind.startswith("multipart/"):
            yield leaf
        elif depth >= DEPTH:
            yield leaf._replace(reason=PartReason.TOO_DEEP)
        else:
            yield from self._multipart(leaf, parameters.get("boundary", ""), depth)

    def _multipart(self, whole: MimePart, boundary: str, depth: int) -> Iterator[MimePart]:
        if whole.encoding not in {"", "7bit", "8bit", "binary"} or not boundary.strip():
            yield whole._replace(reason=PartReason.BROKEN_MULTIPART)
            return
        default = "message/rfc822" if whole.content_type == "multipart/digest" else "text/plain"
        prefix = whole.path + "." if whole.path else ""
        number = 0
        for start, end in _bodies(self._raw, whole.start, whole.end, boundary.rstrip().encode("utf-8", "replace")):
            number += 1
            if self._parts > PARTS:
                yield whole._replace(reason=PartReason.TOO_MANY_PARTS)
                return
            yield from self.entity(start, end, f"{prefix}{number}", default, depth + 1)
        if not number:
            yield whole._replace(reason=PartReason.BROKEN_MULTIPART)


def parts(raw: bytes, header: Sequence[RawField] | None = None) -> Iterator[MimePart]:
    """The leaves of a message, in order; `header` are its own fields where they are read already.

    A single part has the path `1`, as in IMAP.
    """
    for part in _Walk(raw, header).entity(0, len(raw), "", "text/plain", 0):
        yield part if part.path else part._replace(path="1")


_CLOSED: Final = {
    "multipart/signed": PartReason.SIGNED,
    "multipart/encrypted": PartReason.ENCRYPTED,
    "application/pkcs7-mime": PartReason.SMIME,
    "application/x-pkcs7-mime": PartReason.SMIME,
    "application/pgp": PartReason.PGP,
    "application/pgp-encrypted": PartReason.PGP,
    "text/calendar": PartReason.CALENDAR,
}


def _closed_reason(kind: str) -> PartReason | None:
    if kind.startswith("message/"):
        return PartReason.MESSAGE
    return _CLOSED.get(kind)


def _bodies(raw: bytes, start: int, end: int, boundary: bytes) -> Iterator[tuple[int, int]]:
    """The ranges between the delimiter lines; the last one ends at `end` when the closing one is missing."""
    delimiter = b"--" + boundary
    begun = -1
    at = start
    while (found := raw.find(delimiter, at, end)) >= 0:
        at = found + len(delimiter)
        if found != start and raw[found - 1 : found] != b"\n":
            continue
        line_end = raw.find(b"\n", at, end)
        after = end if line_end < 0 else line_end + 1
        rest = raw[at:after].strip(b" \t\r\n")
        if rest not in {b"", b"--"}:
            continue
        if begun >= 0:
            yield begun, max(begun, _before_line_end(raw, found))
        begun = after
        at = after
        if rest:
            return
    if begun >= 0:
        yield begun, end


def _before_line_end(raw: bytes, at: int) -> int:
    """The line end before a delimiter belongs to the delimiter."""
    if raw[at - 1 : at] != b"\n":
        return at
    return at - 2 if raw[at - 2 : at - 1] == b"\r" else at - 1
