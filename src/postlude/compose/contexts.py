"""Places in HTML where a field is allowed, so that no escaped value can change the tags around it."""

import re
from bisect import bisect_right
from typing import Final

from postlude.compose.pieces import Span
from postlude.instrument import grammar
from postlude.instrument.scanner import Scan, attributes

_PROBE: Final = b"<a href=x>"
_TITLE_TAIL: Final = re.compile(rb"[<&/]")


def all_tame(data: bytes, scan: Scan, spans: list[Span]) -> bool:
    """Every field is text between tags, or inside a quoted attribute value. `scan` is made with `grammar.ALL`."""
    starts = [tag[2] for tag in scan.tags]
    loose = []
    begins = {span.start: span.end for span in spans}
    for span in spans:
        end = span.end
        while end in begins:
            end = begins[end]
        if data.startswith((b">", b"!>"), end):  # behind `--` it would end a comment
            return False
        index = bisect_right(starts, span.start) - 1
        if index >= 0 and span.start < scan.tags[index][3]:
            if not _in_quotes(data, scan.tags[index], span):
                return False
        elif index < 0 or not _in_title(data, scan.tags[index], span):
            loose.append(span)
    return _is_text(data, loose)


def _in_quotes(data: bytes, tag: tuple[bytes, bool, int, int, int], span: Span) -> bool:
    _, closing, _, end, rest = tag
    if closing or span.start < rest:
        return False
    return any(
        each.quote and each.value_start <= span.start and span.end <= each.value_end
        for each in attributes(data, rest, end - 1)
    )


def _in_title(data: bytes, tag: tuple[bytes, bool, int, int, int], span: Span) -> bool:
    """Text of the page's title: no tags are in it, and an escaped value cannot end it."""
    name, closing, _, end, _ = tag
    return name == b"title" and not closing and not _TITLE_TAIL.search(data, end, span.start)


def _is_text(data: bytes, spans: list[Span]) -> bool:
    """A tag put in each place is seen as one: they are neither in comments nor in scripts nor half a tag."""
    pieces: list[bytes] = []
    wanted: list[int] = []
    at = size = 0
    for span in spans:
        pieces += (data[at : span.start], _PROBE)
        size += span.start - at
        wanted.append(size)
        size += len(_PROBE)
        at = span.end
    probed = Scan(b"".join([*pieces, data[at:]]), grammar.ALL)
    seen = {link.start for link in probed.links}
    return all(each in seen for each in wanted)
