"""When people opened a copy and clicked in it, by the hour: how often within any time, and on which link.

A sum an hour and link, so that the order of batches does not matter and a correction is minus and plus.
"""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy.sql.dml import Insert

from postlude.model.event import Event
from postlude.model.words import EventKind
from postlude.store.digest.projection import whose
from postlude.store.digest.rows import Corrections
from postlude.store.messages.tables import HOUR_US, OPENED_AT, copy_hours

_OPENED: Final = EventKind.OPENED
_CLICKED: Final = EventKind.CLICKED


def fold_hours(events: Iterable[Event], corrections: Corrections | None = None) -> list[dict[str, int]]:
    """The rows to merge into copy_hours, in the order of their keys."""
    found: dict[tuple[int, int, int], list[int]] = {}
    _add(found, events, 1)
    if corrections is not None:
        _add(found, corrections.before, -1)
        _add(found, corrections.after, 1)
    return [
        {"copy": copy, "hour": hour, "position": position, "opens": opens, "clicks": clicks}
        for (copy, hour, position), (opens, clicks) in sorted(found.items())
        if opens or clicks
    ]


def merge_hours(insert: Insert) -> Insert:
    """INSERT INTO copy_hours that adds to the row that is there."""
    new, old = insert.excluded, copy_hours.c  # type: ignore[attr-defined]  # both dialects' Insert have it
    merged: Any = insert
    return merged.on_conflict_do_update(  # type: ignore[no-any-return]  # as above
        index_elements=["copy", "hour", "position"],
        set_={name: old[name] + new[name] for name in ("opens", "clicks")},
    )


def _add(found: dict[tuple[int, int, int], list[int]], events: Iterable[Event], sign: int) -> None:
    for event in events:
        kind = event.kind
        if (kind is not _OPENED and kind is not _CLICKED) or not event.copy or not whose(event.verdict)[0]:
            continue
        clicked = kind is _CLICKED
        key = (event.copy, event.at // HOUR_US, event.position if clicked else OPENED_AT)
        row = found.get(key)
        if row is None:
            row = found[key] = [0, 0]
        row[clicked] += sign
