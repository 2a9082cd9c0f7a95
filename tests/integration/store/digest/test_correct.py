"""A correction takes the old verdict out of the counts and puts the new one in."""

import msgspec

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.store import Batch, CopyTimes, Corrections, Store

H, M, U = Verdict.HUMAN, Verdict.MACHINE, Verdict.UNKNOWN


def _event(number: int, kind: EventKind, verdict: Verdict, at: int, position: int = -1) -> Event:
    return Event(number, kind, at, 1, 10, position, verdict)


def _correct(store: Store, before: list[Event], verdict: Verdict, times: CopyTimes) -> None:
    after = [msgspec.structs.replace(event, verdict=verdict, first_verdict=event.verdict) for event in before]
    store.digest.apply(Batch(corrections=Corrections(before, after, {10: times})))


def test_minus_the_old_plus_the_new(store: Store) -> None:
    opened, clicked = _event(1, EventKind.OPENED, H, 100), _event(2, EventKind.CLICKED, H, 200, 3)
    later = _event(3, EventKind.CLICKED, H, 900, 3)
    store.digest.apply(Batch(events=[opened, clicked, later]))
    _correct(store, [clicked], M, CopyTimes(100, 100, 900, 900))
    done = store.messages.activity(1)[10]
    assert done.clicks == 1
    assert done.clicks_machine == 1
    assert done.first_click_at == 900
    assert done.last_click_at == 900
    assert done.opens == 1
    assert done.delivered_at == 100
    link = store.messages.link_activity(1)[3]
    assert link.clicks == 1
    assert link.clicks_machine == 1


def test_what_was_only_implied_is_not_any_more(store: Store) -> None:
    clicked = _event(2, EventKind.CLICKED, H, 200, 3)
    store.digest.apply(Batch(events=[clicked]))
    assert store.messages.activity(1)[10].delivered_how == "implied"
    _correct(store, [clicked], M, CopyTimes())
    done = store.messages.activity(1)[10]
    assert done.delivered_how == ""
    assert done.delivered_at is None
    assert done.first_click_at is None
    assert store.messages.link_activity(1)[3].last_at is None


def test_a_report_of_delivery_stays(store: Store) -> None:
    clicked = _event(2, EventKind.CLICKED, H, 200, 3)
    store.digest.apply(Batch(events=[_event(1, EventKind.DELIVERED, U, 50), clicked]))
    _correct(store, [clicked], M, CopyTimes())
    assert store.messages.activity(1)[10].delivered_how == "confirmed"


def test_upward_as_well(store: Store) -> None:
    opened = _event(1, EventKind.OPENED, U, 100)
    store.digest.apply(Batch(events=[opened]))
    _correct(store, [opened], H, CopyTimes(100, 100))
    done = store.messages.activity(1)[10]
    assert done.opens == 1
    assert done.opens_unknown == 0
    assert done.first_open_at == done.last_open_at == 100
    assert done.delivered_how == "implied"


def test_what_is_earlier_than_the_window_reaches_stays(store: Store) -> None:
    early, late = _event(1, EventKind.OPENED, H, 100), _event(2, EventKind.OPENED, H, 900)
    store.digest.apply(Batch(events=[early, late]))
    _correct(store, [late], M, CopyTimes())
    done = store.messages.activity(1)[10]
    assert done.first_open_at == 100
    assert done.last_open_at == 100
