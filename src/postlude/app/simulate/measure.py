"""Verdicts of the rules beside the truth: clicks of machines found, clicks of people lost, for each habit."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from postlude.app.simulate.truth import SimulatedHit
from postlude.model.event import Event
from postlude.model.words import PEOPLE, EventKind, Verdict
from postlude.population import Doer

_MACHINES: Final = frozenset({Verdict.MACHINE, Verdict.MACHINE_SUSPECTED})
_BY_PEOPLE: Final = frozenset({Doer.PERSON, Doer.FRIEND})


class ClickMeasure(msgspec.Struct, frozen=True):
    """Shares are 1.0 where there was nothing to be wrong about."""

    clicks: int
    by_machines: int
    called_machines: int
    precision: float
    """Of the clicks called a machine's, those that were."""
    recall: float
    """Of the clicks of machines, those called so."""
    people_lost: float
    """Of the clicks of people, those not called a person's."""
    by_habit: dict[str, tuple[int, int]]
    """Clicks of machines by filter, and how many of them were called so."""
    opens_of_people_lost: float
    """Of openings by people that a pixel shows, those not called a person's."""
    opens_of_machines_believed: float
    """Of images loaded by machines (Apple's proxy aside), those called a person's."""


def measure(truth: Iterable[SimulatedHit], events: Iterable[Event]) -> ClickMeasure:
    """Compare every event with the request that caused it: same copy, same microsecond."""
    told = {(one.copy, one.at): one for one in truth}
    counts: Counter[str] = Counter()
    habits: dict[str, list[int]] = {}
    for event in events:
        hit = told.get((event.copy, event.at))
        if hit is None:
            continue
        if event.kind is EventKind.CLICKED:
            _click(hit, event.verdict, counts, habits)
        elif event.kind is EventKind.OPENED:
            _open(hit, event.verdict, counts)
    return ClickMeasure(
        clicks=counts["clicks"],
        by_machines=counts["by machines"],
        called_machines=counts["called machines"],
        precision=_share(counts["found"], counts["called machines"]),
        recall=_share(counts["found"], counts["by machines"]),
        people_lost=1 - _share(counts["people kept"], counts["by people"]),
        by_habit={name: (some[0], some[1]) for name, some in sorted(habits.items())},
        opens_of_people_lost=1 - _share(counts["opens kept"], counts["opens by people"]),
        opens_of_machines_believed=1 - _share(counts["opens not believed"], counts["opens by machines"]),
    )


def _click(hit: SimulatedHit, verdict: Verdict, counts: Counter[str], habits: dict[str, list[int]]) -> None:
    counts["clicks"] += 1
    called = verdict in _MACHINES
    counts["called machines"] += called
    if hit.doer in _BY_PEOPLE:
        counts["by people"] += 1
        counts["people kept"] += verdict in PEOPLE
        return
    counts["by machines"] += 1
    counts["found"] += called
    habit = habits.setdefault(hit.filter, [0, 0])
    habit[0] += 1
    habit[1] += called


def _open(hit: SimulatedHit, verdict: Verdict, counts: Counter[str]) -> None:
    if hit.doer in _BY_PEOPLE:
        counts["opens by people"] += 1
        counts["opens kept"] += verdict in PEOPLE
    elif hit.doer is Doer.MACHINE:
        counts["opens by machines"] += 1
        counts["opens not believed"] += verdict not in PEOPLE


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 1.0


def as_rows(done: ClickMeasure) -> list[list[str]]:
    """The measure as a table of words and figures."""
    percent: Mapping[str, float] = {
        "precision of machine clicks": done.precision,
        "recall of machine clicks": done.recall,
        "people's clicks lost": done.people_lost,
        "people's opens lost": done.opens_of_people_lost,
        "machines' opens taken for people's": done.opens_of_machines_believed,
    }
    rows = [["clicks", f"{done.clicks:,}"], ["of them by machines", f"{done.by_machines:,}"]]
    rows += [[name, f"{share:.2%}"] for name, share in percent.items()]
    return rows + [
        [f"filter {name}", f"{found:,} of {clicks:,} found"] for name, (clicks, found) in done.by_habit.items()
    ]
