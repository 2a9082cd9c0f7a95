"""Opens and clicks of each message by the hour and by the program that made them, of people and of all others.

Sums, as `hours` are: the order of batches does not matter, and a correction is minus and plus.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Table, delete
from sqlalchemy.sql.dml import Insert

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store.base import storable
from postlude.store.digest.projection import CLICKS_BY, OPENS_BY, whose
from postlude.store.digest.rows import Corrections, HitCount
from postlude.store.messages.tables import HOUR_US, message_clients, message_hours

_OPENED: Final = EventKind.OPENED
_CLICKED: Final = EventKind.CLICKED
_COUNTS: Final = (*OPENS_BY[1:], *CLICKS_BY[1:])
_LONGEST: Final = 100
"""Letters of a program's name."""
_TABLES: Final = (message_hours, message_clients)


class Facets(NamedTuple):
    """The rows to merge into message_hours and message_clients, in the order of their keys."""

    hours: list[dict[str, Any]]
    clients: list[dict[str, Any]]


class _Sums:
    """Six counts a key, of two kinds of keys."""

    def __init__(self) -> None:
        self._hours: dict[tuple[int, int], list[int]] = {}
        self._clients: dict[tuple[int, str], list[int]] = {}

    def add(self, message: int, hour: int, client: str, kind: EventKind, verdict: Verdict, more: int) -> None:  # noqa: PLR0917 - plain data
        place = whose(verdict)[1]
        if not place:
            return
        if kind is _CLICKED:
            place += 3
        self._hours.setdefault((message, hour), [0] * 6)[place - 1] += more
        self._clients.setdefault((message, client), [0] * 6)[place - 1] += more

    def rows(self) -> Facets:
        return Facets(_rows("hour", self._hours), _rows("client", self._clients))


def _rows(name: str, found: dict[Any, list[int]]) -> list[dict[str, Any]]:
    return [
        {"message": message, name: value, **dict(zip(_COUNTS, counts, strict=True))}
        for (message, value), counts in sorted(found.items())
        if any(counts)
    ]


def fold_facets(events: Iterable[Event], corrections: Corrections | None = None) -> Facets:
    """What these events, and what is judged otherwise now, add up to."""
    sums = _Sums()
    parts = [(events, 1)]
    if corrections is not None:
        parts += [(corrections.before, -1), (corrections.after, 1)]
    for some, sign in parts:
        for event in some:
            kind = event.kind
            if (kind is _OPENED or kind is _CLICKED) and event.message:
                client = event.facts.get("client", "")
                sums.add(event.message, event.at // HOUR_US, _name(client), kind, event.verdict, sign)
    return sums.rows()


def fold_counts(counts: Iterable[HitCount]) -> Facets:
    """What counts of the history add up to."""
    sums = _Sums()
    for one in counts:
        sums.add(one.message, one.hour, _name(one.client), one.kind, one.verdict, one.events)
    return sums.rows()


def _name(client: str) -> str:
    return client if client.isalnum() and len(client) < _LONGEST else storable(client)[:_LONGEST]


def merge_facets(insert: Insert, table: Table) -> Insert:
    """INSERT INTO `table` that adds to the row that is there."""
    new = insert.excluded  # type: ignore[attr-defined]  # both dialects' Insert have it
    merged: Any = insert
    keys = [column.name for column in table.primary_key]
    return merged.on_conflict_do_update(  # type: ignore[no-any-return]  # as above
        index_elements=keys, set_={name: table.c[name] + new[name] for name in _COUNTS}
    )


def drop_facets(connection: Connection, messages: Sequence[int]) -> None:
    """Take out what is counted of these messages."""
    for table in _TABLES:
        connection.execute(delete(table).where(table.c.message.in_(messages)))
