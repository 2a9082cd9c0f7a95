"""Header fields as they stand in a mail: the one reader of header blocks, of mails and of parts (RFC 5322 2.2)."""

import re
from typing import Final, NamedTuple

_LOOKED_AT: Final = 8_192  # most header blocks are shorter
_FURTHER: Final = 8
# Possessive and tied to a line's beginning: a line without a colon is looked at once.
_SHAPE: Final = r"^([!-9;-~]++)[ \t]*+:([^\n]*+(?:\n[ \t][^\n]*+)*+)(?:\n|\Z)"
_FIELD: Final = re.compile(_SHAPE.encode("ascii"), re.MULTILINE)
_TEXT_FIELD: Final = re.compile(_SHAPE, re.MULTILINE)


class RawField(NamedTuple):
    """One header field; `[start, end)` is all of it with its line end."""

    name: str
    """Lower case."""
    value: bytes
    """Folded and not decoded, as it came; without the last line end."""
    start: int
    end: int


def read_fields(raw: bytes, start: int, end: int) -> list[RawField]:
    """The fields of `raw[start:end]`, a header block, in order. Other lines are skipped."""
    return [
        RawField(match[1].decode("ascii").lower(), match[2].rstrip(b"\r"), match.start(), match.end())
        for match in _FIELD.finditer(raw, start, end)
    ]


def read_pairs(raw: bytes, start: int, end: int) -> list[tuple[str, bytes]]:
    """Names and values as `read_fields` has them, for who does not ask where they stand; half the work."""
    return [(name.decode("ascii").lower(), value) for name, value in _FIELD.findall(raw, start, end)]


def read_ascii_pairs(block: str) -> list[tuple[str, str]]:
    """What `read_pairs` gives for a header block in ASCII, decoded: all of it at once, as most mail allows."""
    return [(name.lower(), value) for name, value in _TEXT_FIELD.findall(block)]


def block_end(raw: bytes, start: int, end: int) -> tuple[int, int] | None:
    """End of the header block (its last line end included) and start of the body; None without an empty line.

    Looks no further than a few times the header's length.
    """
    if raw.startswith((b"\r\n", b"\n"), start):
        return start, start + (2 if raw.startswith(b"\r", start) else 1)
    size = _LOOKED_AT
    while True:
        stop = min(end, start + size)
        at = raw.find(b"\n\r\n", start, stop) if raw.find(b"\r", start, stop) >= 0 else -1
        bare = raw.find(b"\n\n", start, stop if at < 0 else at + 1)
        if bare >= 0:
            return bare + 1, bare + 2
        if at >= 0:
            return at + 1, at + 3
        if stop == end:
            return None
        size *= _FURTHER
