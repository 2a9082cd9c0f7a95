from typing import Any

from sqlalchemy import Select, Table, select

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store import Batch, Corrections, HitCount, Rebuilt, Store
from postlude.store.digest.facets import fold_counts, fold_facets
from postlude.store.messages.tables import HOUR_US, message_clients, message_hours


def _opened(number: int, at: int, verdict: Verdict = Verdict.HUMAN, client: str = "Outlook") -> Event:
    return Event(number, EventKind.OPENED, at, 7, 1, verdict=verdict, facts={"client": client} if client else {})


def _clicked(number: int, at: int, verdict: Verdict = Verdict.HUMAN, client: str = "Firefox") -> Event:
    return Event(number, EventKind.CLICKED, at, 7, 1, 0, verdict, facts={"client": client})


_EVENTS = [
    _opened(1, 5),
    _opened(2, HOUR_US, Verdict.UNKNOWN, "Apple Mail"),
    _opened(3, HOUR_US, Verdict.MACHINE, ""),
    _opened(4, 6, Verdict.SELF),
    _clicked(5, 7),
    _clicked(6, HOUR_US, Verdict.MACHINE_SUSPECTED),
]


def _of(table: Table) -> Select[Any]:
    return select(table).where(table.c.message == 7)


def _hours(store: Store) -> list[tuple[int, ...]]:
    with store.segments._database.read() as connection:
        return [tuple(row) for row in connection.execute(_of(message_hours).order_by(message_hours.c.hour))]


def _clients(store: Store) -> dict[str, tuple[int, ...]]:
    with store.segments._database.read() as connection:
        return {row.client: tuple(row)[2:] for row in connection.execute(_of(message_clients))}


def test_people_others_and_machines_are_counted_apart(store: Store) -> None:
    store.digest.apply(Batch(events=_EVENTS))
    assert _hours(store) == [(7, 0, 1, 0, 0, 1, 0, 0), (7, 1, 0, 1, 1, 0, 0, 1)]
    assert _clients(store) == {
        "Outlook": (1, 0, 0, 0, 0, 0),
        "Apple Mail": (0, 1, 0, 0, 0, 0),
        "": (0, 0, 1, 0, 0, 0),
        "Firefox": (0, 0, 0, 1, 0, 1),
    }


def test_batches_add_up_in_any_order() -> None:
    whole, parts = fold_facets(_EVENTS), [fold_facets([event]) for event in reversed(_EVENTS)]
    assert sum(row["opens"] for part in parts for row in part.hours) == sum(row["opens"] for row in whole.hours)
    assert len({(row["message"], row["client"]) for part in parts for row in part.clients}) == len(whole.clients)


def test_a_correction_is_minus_and_plus(store: Store) -> None:
    store.digest.apply(Batch(events=_EVENTS))
    after = [_clicked(5, 7, Verdict.MACHINE)]
    store.digest.apply(Batch(corrections=Corrections(before=[_clicked(5, 7)], after=after)))
    assert _hours(store)[0] == (7, 0, 1, 0, 0, 0, 0, 1)
    assert _clients(store)["Firefox"] == (0, 0, 0, 0, 0, 2)


def test_what_is_rebuilt_takes_the_place_of_what_was_there(store: Store) -> None:
    store.digest.apply(Batch(events=_EVENTS))
    hits = [HitCount(7, 3, "Outlook", EventKind.OPENED, Verdict.HUMAN, 4)]
    store.digest.apply(Batch(rebuilt=[Rebuilt([], [], [7], [], hits)]))
    assert _hours(store) == [(7, 3, 4, 0, 0, 0, 0, 0)]
    assert _clients(store) == {"Outlook": (4, 0, 0, 0, 0, 0)}


def test_names_no_store_can_hold_are_shortened() -> None:
    counts = [HitCount(7, 3, "a\0" + "b" * 500, EventKind.OPENED, Verdict.HUMAN, 1)]
    assert fold_counts(counts).clients[0]["client"] == "a\ufffd" + "b" * 98
