"""The changes of instrumenting, readable: header lines, and each edited part decoded."""

import difflib
from collections.abc import Iterator

from postlude.instrument import mime
from postlude.instrument.body import open_body
from postlude.instrument.reasons import PartReason
from postlude.mail.fields import block_end


def part_diff(before: bytes, after: bytes, name: str) -> str:
    """Unified diffs, one for the header and one per part; empty when nothing changed."""
    return "\n".join(line for one in _diffs(before, after, name) for line in one)


def _diffs(before: bytes, after: bytes, name: str) -> Iterator[Iterator[str]]:
    if before == after:
        return
    yield _unified(_header(before), _header(after), f"{name} (header)")
    for one, other in zip(mime.parts(before), mime.parts(after), strict=True):
        old, new = before[one.start : one.end], after[other.start : other.end]
        if old != new:
            yield _unified(
                _reported(one.encoding, old),
                _reported(one.encoding, new),
                f"{name} (part {one.path}, {one.content_type})",
            )


def _header(raw: bytes) -> bytes:
    found = block_end(raw, 0, len(raw))
    return raw[: found[0]] if found else raw


def _reported(encoding: str, raw: bytes) -> bytes:
    body = open_body(encoding, raw)
    return raw if isinstance(body, PartReason) else body.decoded


def _unified(before: bytes, after: bytes, name: str) -> Iterator[str]:
    old, new = (data.decode("utf-8", "backslashreplace").splitlines() for data in (before, after))
    return difflib.unified_diff(old, new, name, f"{name}, tracked", lineterm="", n=0)
