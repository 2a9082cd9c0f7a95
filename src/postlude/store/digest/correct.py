"""Corrections in the projections: minus the old verdict, plus the new. Sums are exact, times come from the window."""

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

from sqlalchemy import Connection, Row, select, update

from postlude.model.event import Event
from postlude.model.words import EventKind
from postlude.store.base import chunks
from postlude.store.digest.projection import ACCEPTED, CLICKS_BY, CONFIRMED, IMPLIED, OPENS_BY, whose
from postlude.store.digest.rows import CopyTimes, Corrections
from postlude.store.messages.tables import copies, copy_activity, link_activity

_COUNTS: Final = {EventKind.OPENED: OPENS_BY, EventKind.CLICKED: CLICKS_BY}
_TIMES: Final = {EventKind.OPENED: "open", EventKind.CLICKED: "click"}
_PROOFS: Final = ("first_open_at", "first_click_at", "complained_at", "replied_at", "displayed_at")

Pair = tuple[Event, Event]


def correct(connection: Connection, corrections: Corrections) -> None:
    """Fold them into the rows of their copies and links."""
    of_copies: defaultdict[int, list[Pair]] = defaultdict(list)
    of_links: defaultdict[tuple[int, int], list[Pair]] = defaultdict(list)
    for before, after in zip(corrections.before, corrections.after, strict=True):
        if after.kind in _COUNTS and after.copy:
            of_copies[after.copy].append((before, after))
            if after.kind is EventKind.CLICKED and after.position >= 0:
                of_links[after.message, after.position].append((before, after))
    rows = _rows(connection, of_copies)
    for copy in sorted(rows):
        row = rows[copy]
        times = corrections.times.get(copy, CopyTimes())
        values = _counts(row, of_copies[copy]) | _times(row, of_copies[copy], times)
        values |= _delivered(row | values)
        connection.execute(update(copy_activity).where(copy_activity.c.copy == copy).values(values))
    for key in sorted(of_links):
        _correct_link(connection, key, of_links[key])


def _last_click(row: Row[Any], pairs: list[Pair]) -> int | None:
    """When a person followed the link last. None where that click was taken back: the history knows the one before."""
    come = max((after.at for before, after in pairs if _taken_back(after, before)), default=None)
    gone = max((before.at for before, after in pairs if _taken_back(before, after)), default=None)
    last: int | None = row.last_at
    if last is None:
        return None if row.clicks else come
    if come is not None and come >= last:
        return come
    return None if gone is not None and gone >= last else last


def _rows(connection: Connection, wanted: Mapping[int, object]) -> dict[int, dict[str, Any]]:
    names = {*OPENS_BY, *CLICKS_BY} - {""}
    columns = [copy_activity.c[name] for name in (*sorted(names), *_PROOFS, "last_open_at", "last_click_at")]
    query = select(copy_activity.c.copy, *columns, copy_activity.c.delivered_how, copy_activity.c.delivered_at)
    joined = query.add_columns(copies.c.sent_at).outerjoin(copies, copies.c.id == copy_activity.c.copy)
    found: dict[int, dict[str, Any]] = {}
    for some in chunks(sorted(wanted)):
        for row in connection.execute(joined.where(copy_activity.c.copy.in_(some))):
            found[row.copy] = dict(row._mapping)  # noqa: SLF001 - public in spite of its name
    return found


def _counts(row: Mapping[str, Any], pairs: list[Pair]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for before, after in pairs:
        names = _COUNTS[after.kind]
        for event, more in ((before, -1), (after, 1)):
            name = names[whose(event.verdict)[1]]
            if name:
                counts[name] = counts.get(name, row[name]) + more
    return {name: max(count, 0) for name, count in counts.items()}


def _times(row: Mapping[str, Any], pairs: list[Pair], window: CopyTimes) -> dict[str, int | None]:
    values: dict[str, int | None] = {}
    for kind, name in _TIMES.items():
        gone = [after.at for before, after in pairs if after.kind is kind and _taken_back(before, after)]
        come = [after.at for before, after in pairs if after.kind is kind and _taken_back(after, before)]
        first, last = row[f"first_{name}_at"], row[f"last_{name}_at"]
        if gone and first is not None:
            # What is earlier than the window reaches is not touched.
            first = (getattr(window, f"first_{name}") or None) if first >= min(gone) else first
            last = (getattr(window, f"last_{name}") or first) if last <= max(gone) else last
        for at in come:
            first = at if first is None else min(first, at)
            last = at if last is None else max(last, at)
        values |= {f"first_{name}_at": first, f"last_{name}_at": last}
    return values


def _taken_back(before: Event, after: Event) -> bool:
    return whose(before.verdict)[0] and not whose(after.verdict)[0]


def _delivered(row: Mapping[str, Any]) -> dict[str, Any]:
    if row["delivered_how"] == CONFIRMED:
        return {}
    proof = min((row[name] for name in _PROOFS if row[name] is not None), default=None)
    if proof is not None:
        return {"delivered_how": IMPLIED, "delivered_at": proof}
    if row["sent_at"] is not None:
        return {"delivered_how": ACCEPTED, "delivered_at": row["sent_at"]}
    return {"delivered_how": "", "delivered_at": None} if row["delivered_how"] == IMPLIED else {}


def _correct_link(connection: Connection, key: tuple[int, int], pairs: list[Pair]) -> None:
    mine = link_activity.c.message == key[0], link_activity.c.position == key[1]
    row = connection.execute(select(link_activity).where(*mine)).first()
    if row is None:
        return
    values: dict[str, Any] = dict(_counts(dict(row._mapping), pairs))  # noqa: SLF001 - as above
    values["last_at"] = _last_click(row, pairs) if values.get("clicks", row.clicks) else None
    connection.execute(update(link_activity).where(*mine).values(values))
