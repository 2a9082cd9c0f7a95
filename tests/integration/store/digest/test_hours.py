from sqlalchemy import select

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store import Batch, Corrections, Rebuilt, Store
from postlude.store.digest.hours import fold_hours
from postlude.store.messages.tables import HOUR_US, OPENED_AT, copy_hours


def opened(number: int, at: int, verdict: Verdict = Verdict.HUMAN) -> Event:
    return Event(number, EventKind.OPENED, at, 7, 1, verdict=verdict)


def clicked(number: int, at: int, position: int, verdict: Verdict = Verdict.HUMAN) -> Event:
    return Event(number, EventKind.CLICKED, at, 7, 1, position, verdict)


def rows(store: Store) -> list[tuple[int, ...]]:
    with store.segments._database.read() as connection:
        query = select(copy_hours).where(copy_hours.c.copy == 1).order_by(copy_hours.c.hour, copy_hours.c.position)
        return [tuple(row) for row in connection.execute(query)]


def test_people_are_counted_by_the_hour_and_link_and_machines_are_not() -> None:
    events = [
        opened(1, 5),
        opened(2, HOUR_US - 1, Verdict.HUMAN_PROXIED),
        opened(3, HOUR_US),
        opened(4, 5, Verdict.MACHINE),
        opened(5, 5, Verdict.UNKNOWN),
        clicked(6, 5, 2),
        clicked(7, 5, 3, Verdict.SELF),
    ]
    assert [tuple(row.values()) for row in fold_hours(events)] == [
        (1, 0, OPENED_AT, 2, 0),
        (1, 0, 2, 0, 1),
        (1, 1, OPENED_AT, 1, 0),
    ]


def test_batches_add_up_in_any_order(store: Store) -> None:
    for event in (opened(1, HOUR_US), clicked(2, 5, 0), opened(3, HOUR_US + 1)):
        store.digest.apply(Batch(events=[event]))
    assert rows(store) == [(1, 0, 0, 0, 1), (1, 1, OPENED_AT, 2, 0)]


def test_a_correction_is_minus_and_plus(store: Store) -> None:
    store.digest.apply(Batch(events=[clicked(1, 5, 0), clicked(2, 6, 1)]))
    both = [clicked(1, 5, 0), clicked(2, 6, 1)]
    machines = [clicked(1, 5, 0, Verdict.MACHINE), clicked(2, 6, 1)]
    store.digest.apply(Batch(corrections=Corrections(before=both, after=machines)))
    assert [row for row in rows(store) if row[4]] == [(1, 0, 1, 0, 1)]


def test_what_is_rebuilt_takes_the_place_of_what_was_there(store: Store) -> None:
    store.digest.apply(Batch(events=[opened(1, 5), clicked(2, HOUR_US, 0)]))
    store.digest.apply(Batch(rebuilt=[Rebuilt([1], [opened(1, 5)], [], [])]))
    assert rows(store) == [(1, 0, OPENED_AT, 1, 0)]
