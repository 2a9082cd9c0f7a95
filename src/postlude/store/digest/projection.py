"""Adds a batch of events to the projections: folded in memory first, so that a copy costs one write per batch.

Every fold is a sum, an earliest, a latest or a strongest, so the order of batches does not matter.
"""

from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from sqlalchemy import ColumnElement, and_, case, func, literal_column, null
from sqlalchemy.sql.dml import Insert

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store.base import storable
from postlude.store.folds import Folded
from postlude.store.messages.rows import Activity, LinkActivity
from postlude.store.messages.tables import copy_activity, link_activity

Delta = dict[str, Any]

ACCEPTED: Final = "accepted"
IMPLIED: Final = "implied"
CONFIRMED: Final = "confirmed"
_RANK: Final = {"": 0, ACCEPTED: 1, IMPLIED: 2, CONFIRMED: 3}

_OPENED: Final = EventKind.OPENED
_CLICKED: Final = EventKind.CLICKED
_COPY: Final = Folded(Activity)
_LINK: Final = Folded(LinkActivity)


def fold_events(
    events: Iterable[Event], windows: Mapping[int, bytes] = MappingProxyType({})
) -> tuple[list[Delta], list[Delta]]:
    """The rows to merge into copy_activity and link_activity. `windows`: of copies that have events here."""
    copies: dict[int, Delta] = {}
    links: dict[tuple[int, int], Delta] = {}
    for event in events:
        copy, kind, at = event.copy, event.kind, event.at
        # Nearly all events are these two, and enum look-ups by hash cost more than what they find.
        step = _opened if kind is _OPENED else _clicked if kind is _CLICKED else _STEPS.get(kind)
        if not copy or step is None:
            continue
        delta = copies.get(copy)
        if delta is None:
            delta = copies[copy] = _COPY.empty.copy()
            delta["copy"], delta["message"] = copy, event.message
        step(delta, event)
        last = delta["last_event_at"]
        if last is None or at > last:
            delta["last_event_at"] = at
        if kind is _CLICKED and event.position >= 0:
            _fold_link(links, event)
    for copy, delta in copies.items():
        delta["hits"] = windows.get(copy)
    # In key order: two writers on PostgreSQL never lock the same rows the other way round.
    return [copies[key] for key in sorted(copies)], [links[key] for key in sorted(links)]


def _fold_link(links: dict[tuple[int, int], Delta], event: Event) -> None:
    key = (event.message, event.position)
    delta = links.get(key)
    if delta is None:
        delta = links[key] = _LINK.empty.copy()
        delta["message"], delta["position"] = key
    people, column = whose(event.verdict)
    if column:
        delta[CLICKS_BY[column]] += 1
    if people:
        _latest(delta, "last_at", event.at)


_UNCOUNTED: Final = 0
OPENS_BY: Final = ("", "opens", "opens_unknown", "opens_machine")
CLICKS_BY: Final = ("", "clicks", "clicks_unknown", "clicks_machine")


def whose(verdict: Verdict) -> tuple[bool, int]:
    """Whether it was a person, and which of the three counts it adds to (the sender's own to none).

    `PEOPLE` written out: comparing by identity takes half as long as asking the set, and every event asks.
    """
    if verdict is Verdict.HUMAN or verdict is Verdict.HUMAN_PROXIED:
        return True, 1
    if verdict is Verdict.UNKNOWN:
        return False, 2
    return False, _UNCOUNTED if verdict is Verdict.SELF else 3


def _earliest(delta: Delta, column: str, at: int) -> None:
    if delta[column] is None or at < delta[column]:
        delta[column] = at


def _latest(delta: Delta, column: str, at: int) -> None:
    if delta[column] is None or at > delta[column]:
        delta[column] = at


def _delivered(delta: Delta, how: str, at: int) -> None:
    had = _RANK[delta["delivered_how"]]
    if _RANK[how] > had:
        delta["delivered_how"], delta["delivered_at"] = how, at
    elif _RANK[how] == had:
        _earliest(delta, "delivered_at", at)


def _opened(delta: Delta, event: Event) -> None:
    people, column = whose(event.verdict)
    if column:
        delta[OPENS_BY[column]] += 1
    if people:
        _earliest(delta, "first_open_at", event.at)
        _latest(delta, "last_open_at", event.at)
        _delivered(delta, IMPLIED, event.at)


def _clicked(delta: Delta, event: Event) -> None:
    people, column = whose(event.verdict)
    if column:
        delta[CLICKS_BY[column]] += 1
    if people:
        _earliest(delta, "first_click_at", event.at)
        _latest(delta, "last_click_at", event.at)
        _delivered(delta, IMPLIED, event.at)


def _bounced(delta: Delta, event: Event) -> None:
    _earliest(delta, "bounced_at", event.at)
    delta["bounce_reason"] = delta["bounce_reason"] or storable(
        event.facts.get("reason") or event.facts.get("text", "")
    )


def _happened(column: str, *, implies_delivery: bool = False) -> Callable[[Delta, Event], None]:
    def step(delta: Delta, event: Event) -> None:
        _earliest(delta, column, event.at)
        if implies_delivery:
            _delivered(delta, IMPLIED, event.at)

    return step


def _delivery(how: str) -> Callable[[Delta, Event], None]:
    return lambda delta, event: _delivered(delta, how, event.at)


def _noted(_delta: Delta, _event: Event) -> None:
    """Only the time of the last event changes."""


_STEPS: Final[dict[EventKind, Callable[[Delta, Event], None]]] = {
    EventKind.QUEUED: _noted,
    EventKind.SENT: _delivery(ACCEPTED),
    EventKind.DEFERRED: _noted,
    EventKind.DELIVERED: _delivery(CONFIRMED),
    EventKind.BOUNCED: _bounced,
    EventKind.REJECTED: _noted,
    EventKind.INDETERMINATE: _noted,
    EventKind.EXPIRED: _noted,
    EventKind.OPENED: _opened,
    EventKind.CLICKED: _clicked,
    EventKind.UNSUBSCRIBED: _happened("unsubscribed_at"),
    EventKind.COMPLAINED: _happened("complained_at", implies_delivery=True),
    EventKind.REPLIED: _happened("replied_at", implies_delivery=True),
    EventKind.AUTORESPONDED: _happened("autoresponded_at"),
    EventKind.DISPLAYED: _happened("displayed_at", implies_delivery=True),
    EventKind.VIEWED: _noted,
}


def merge_copies(insert: Insert) -> Insert:
    """INSERT INTO copy_activity that merges with the row that is there."""
    new, old = insert.excluded, copy_activity.c  # type: ignore[attr-defined]  # both dialects' Insert have it
    stronger, as_strong = _rank(new.delivered_how) > _rank(old.delivered_how), new.delivered_how == old.delivered_how
    first_reason = case((old.bounce_reason == _text(""), new.bounce_reason), else_=old.bounce_reason)
    merged: Any = insert
    return merged.on_conflict_do_update(  # type: ignore[no-any-return]  # as above
        index_elements=["copy"],
        set_={
            **_merged(_COPY, old, new),
            "delivered_at": case(
                (stronger, new.delivered_at),
                (as_strong, _lesser(old.delivered_at, new.delivered_at)),
                else_=old.delivered_at,
            ),
            "delivered_how": case((stronger, new.delivered_how), else_=old.delivered_how),
            "bounce_reason": first_reason,
            "hits": func.coalesce(new.hits, old.hits),
        },
    )


def merge_links(insert: Insert) -> Insert:
    """INSERT INTO link_activity that merges with the row that is there."""
    new, old = insert.excluded, link_activity.c  # type: ignore[attr-defined]  # both dialects' Insert have it
    merged: Any = insert
    return merged.on_conflict_do_update(  # type: ignore[no-any-return]  # as above
        index_elements=["message", "position"],
        set_={
            **_merged(_LINK, old, new),
            # Not known since the last click was taken back (`correct`): it stays so, since a late one may be older.
            "last_at": case(
                (and_(old.last_at.is_(None), old.clicks > literal_column("0")), null()),
                else_=_greater(old.last_at, new.last_at),
            ),
        },
    )


def _merged(fields: Folded, old: Any, new: Any) -> dict[str, ColumnElement[int]]:  # noqa: ANN401 - columns of either side
    return {
        **{name: old[name] + new[name] for name in fields.sums},
        **{name: _lesser(old[name], new[name]) for name in fields.earliest},
        **{name: _greater(old[name], new[name]) for name in fields.latest},
    }


def _rank(column: Any) -> ColumnElement[int]:  # noqa: ANN401 - a column of either side
    ranks: list[Any] = [(column == _text(how), literal_column(str(rank))) for how, rank in _RANK.items() if rank]
    return case(*ranks, else_=literal_column("0"))


def _text(word: str) -> ColumnElement[str]:
    # Not a bound value: the statement is compiled once and run with nothing but its rows (base.Prepared).
    return literal_column(f"'{word}'")


def _lesser(old: Any, new: Any) -> ColumnElement[int]:  # noqa: ANN401 - columns of either side
    return case((new.is_(None), old), (old.is_(None), new), (new < old, new), else_=old)


def _greater(old: Any, new: Any) -> ColumnElement[int]:  # noqa: ANN401 - columns of either side
    return case((new.is_(None), old), (old.is_(None), new), (new > old, new), else_=old)
