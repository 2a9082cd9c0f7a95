"""Edits: byte ranges and their replacements. All other bytes stay unchanged."""

from collections.abc import Iterable

import msgspec


class Edit(msgspec.Struct, frozen=True, gc=False):
    """Replace `[start, end)` by `pieces` joined with the copy token."""

    start: int
    end: int
    pieces: tuple[bytes, ...]


def split_edited(data: bytes, edits: Iterable[Edit], start: int = 0, end: int | None = None) -> list[bytes]:
    """The edited data, split where the token goes. Edits are ascending and do not overlap."""
    done: list[bytes] = []
    open_piece: list[bytes] = []
    at = start
    for edit in edits:
        open_piece.append(data[at : edit.start])
        first, *rest = edit.pieces
        open_piece.append(first)
        for piece in rest:
            done.append(b"".join(open_piece))
            open_piece = [piece]
        at = edit.end
    open_piece.append(data[at : len(data) if end is None else end])
    done.append(b"".join(open_piece))
    return done


def without_overlaps(edits: Iterable[Edit]) -> list[Edit]:
    """Ascending edits; of two that overlap the one that begins first and is longer stays."""
    found = list(edits)
    if all(map(_apart, found, found[1:])):
        return found
    kept: list[Edit] = []
    at = 0
    for edit in sorted(found, key=lambda one: (one.start, one.end != one.start, -one.end)):
        if edit.start >= at:
            kept.append(edit)
            at = edit.end
    return kept


def _apart(one: Edit, other: Edit) -> bool:
    return one.end <= other.start and one.start < other.start
