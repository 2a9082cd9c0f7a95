"""Verdicts beside the truth."""

import pytest

from postlude.app.simulate.measure import as_rows, measure
from postlude.app.simulate.truth import SimulatedHit
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.population import Doer


def hit(at: int, doer: Doer, habit: str = "") -> SimulatedHit:
    return SimulatedHit(at, 7, "a@example.org", 0, doer, "GET", "gmail", habit)


def event(at: int, verdict: Verdict, kind: EventKind = EventKind.CLICKED) -> Event:
    return Event(at, kind, at, 1, 7, 0, verdict)


TRUTH = [
    hit(1, Doer.MACHINE, "later"),
    hit(2, Doer.MACHINE, "later"),
    hit(3, Doer.PERSON),
    hit(4, Doer.FRIEND),
    hit(5, Doer.PERSON),
    hit(6, Doer.MACHINE),
]
EVENTS = [
    event(1, Verdict.MACHINE),
    event(2, Verdict.HUMAN),
    event(3, Verdict.HUMAN),
    event(4, Verdict.MACHINE_SUSPECTED),
    event(5, Verdict.HUMAN_PROXIED, EventKind.OPENED),
    event(6, Verdict.HUMAN, EventKind.OPENED),
    event(99, Verdict.HUMAN),
]


def test_clicks_are_compared_with_who_made_them() -> None:
    done = measure(TRUTH, EVENTS)
    assert done.clicks == 4
    assert done.precision == pytest.approx(0.5)
    assert done.recall == pytest.approx(0.5)
    assert done.people_lost == pytest.approx(0.5)
    assert done.by_habit == {"later": (2, 1)}


def test_openings_are_compared_too() -> None:
    done = measure(TRUTH, EVENTS)
    assert done.opens_of_people_lost == 0
    assert done.opens_of_machines_believed == 1


def test_where_there_was_nothing_nothing_is_wrong() -> None:
    done = measure([], [])
    assert done.precision == done.recall == 1
    assert done.people_lost == 0


def test_the_table_names_the_filters() -> None:
    assert ["filter later", "1 of 2 found"] in as_rows(measure(TRUTH, EVENTS))
