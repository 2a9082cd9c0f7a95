"""`data-postlude="off"`: the author's own mark on an element, obeyed and taken out."""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Final

from postlude.instrument.edits import Edit
from postlude.instrument.grammar import RAW
from postlude.instrument.scanner import Scan, attributes

OURS: Final = b"data-postlude"
OFF: Final = frozenset((b"off", b"false", b"0", b"no"))
_VOID: Final = frozenset(
    (b"area", b"base", b"br", b"col", b"embed", b"hr", b"img", b"input", b"link", b"meta", b"source", b"track", b"wbr")
)


def off_ranges(scan: Scan) -> list[tuple[int, int]]:
    """Ranges of `data-postlude="off"`: from its element to the closing end tag."""
    ranges: list[tuple[int, int]] = []
    held, begun, depth = b"", 0, 0
    for name, closing, start, end, rest in scan.tags:
        if depth:
            if name == held:
                depth += -1 if closing else 1
                if not depth:
                    ranges.append((begun, end))
        elif not closing and _is_off(scan, rest, end):
            if name in _VOID or name in RAW:
                ranges.append((start, end))
            else:
                held, begun, depth = name, start, 1
    return [*ranges, (begun, len(scan.data))] if depth else ranges


def _is_off(scan: Scan, rest: int, end: int) -> bool:
    if OURS not in scan.data[rest:end].lower():
        return False
    return any(
        a.name == OURS and scan.data[a.value_start : a.value_end].strip().lower() in OFF
        for a in attributes(scan.data, rest, end - 1)
    )


def removed_marks(scan: Scan) -> Iterable[Edit]:
    """Take `data-postlude` out of every start tag, with the blank before it."""
    data = scan.data
    for _, closing, start, end, rest in scan.tags:
        if closing or OURS not in data[start:end].lower():
            continue
        for attribute in attributes(data, rest, end - 1):
            if attribute.name == OURS:
                begin, behind = attribute.start, data[attribute.end : attribute.end + 1]
                # A line end stays: without it the line would be longer, or a bare carriage return left.
                if data[begin - 1 : begin] in {b" ", b"\t", b"\f"} and behind in b"\t\n\f\r />":
                    begin -= 1
                yield Edit(begin, attribute.end, (b"",))


def within(ranges: list[tuple[int, int]], at: int) -> bool:
    """`at` is in one of the ascending ranges."""
    index = bisect_right(ranges, at, key=lambda one: one[0]) - 1
    return index >= 0 and at < ranges[index][1]
