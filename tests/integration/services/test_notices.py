"""What is held, told and taken back, by the feed alone."""

import msgspec
import pytest

from postlude.model.event import LATER_HITS, RECLASSIFY, Event
from postlude.model.words import EventKind, Verdict
from postlude.services.notices import Notices
from postlude.store import Batch, Corrections, Store

S = 1_000_000
CLICK = Event(5, EventKind.CLICKED, 100, 1, 10, 2, Verdict.HUMAN)
MACHINE = msgspec.structs.replace(CLICK, verdict=Verdict.MACHINE)


class HandClock:
    at = 1_000 * S

    def now(self) -> int:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def notices(store: Store, clock: HandClock) -> Notices:
    made = Notices(store, clock, hold_seconds=4)
    made.load()
    return made


def _add(store: Store, notices: Notices, event: Event) -> None:
    notices.take(store.digest.apply(Batch(events=[event])))


def _correct(store: Store, notices: Notices, before: Event, after: Event, cause: str) -> None:
    changed = msgspec.structs.replace(after, first_verdict=before.verdict, cause=cause)
    notices.take(store.digest.apply(Batch(corrections=Corrections([before], [changed]))))


def test_it_is_held_for_the_time_that_is_set(store: Store, clock: HandClock, notices: Notices) -> None:
    _add(store, notices, CLICK)
    clock.at += 4 * S - 1
    assert notices.step() == []
    clock.at += 1
    [notice] = notices.step()
    assert notice.event == 5
    assert notice.shown_at == clock.at


def test_a_clock_that_is_set_back_holds_nothing_for_days(store: Store, clock: HandClock, notices: Notices) -> None:
    _add(store, notices, CLICK)
    clock.at -= 2 * 86_400 * S
    assert [notice.event for notice in notices.step()] == [5]


def test_machines_and_what_is_not_an_open_or_click_are_not_told(
    store: Store, clock: HandClock, notices: Notices
) -> None:
    _add(store, notices, MACHINE)
    _add(store, notices, msgspec.structs.replace(CLICK, id=6, kind=EventKind.REPLIED))
    clock.at += 9 * S
    assert notices.step() == []


def test_who_turns_out_a_person_is_told_and_of_the_past_nothing_is(
    store: Store, clock: HandClock, notices: Notices
) -> None:
    _correct(store, notices, MACHINE, CLICK, LATER_HITS)
    other = msgspec.structs.replace(CLICK, id=6)
    _correct(store, notices, msgspec.structs.replace(other, verdict=Verdict.MACHINE), other, RECLASSIFY)
    clock.at += 9 * S
    assert [notice.event for notice in notices.step()] == [5]


def test_the_first_time_the_past_is_no_news(store: Store, clock: HandClock) -> None:
    store.digest.apply(Batch(events=[CLICK]))
    notices = Notices(store, clock)
    notices.load()
    clock.at += 99 * S
    assert notices.step() == []


def test_what_was_erased_is_not_told(store: Store, clock: HandClock, notices: Notices) -> None:
    _add(store, notices, CLICK)
    notices.take(store.digest.apply(Batch(erase=[10])))
    clock.at += 9 * S
    assert notices.step() == []
