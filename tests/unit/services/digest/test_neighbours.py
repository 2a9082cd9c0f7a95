"""What is remembered of one visitor to many recipients, and when the history is asked instead."""

from collections.abc import Collection, Iterable, Sequence

import pytest

from mails.visits import CHROME, NOON, S
from postlude.classify import WindowSettings, crowd_key, place_of, program_of
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.neighbours import CrowdMarks, Neighbours, PlainHit, plain_hits

SETTINGS = WindowSettings()
ENOUGH = SETTINGS.shared_copies
ADDRESS = "198.51.100.0"


class Domains:
    """Every copy's recipient has one of four domains."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def domains(self, ids: Iterable[int]) -> dict[int, str]:
        self.asked += ids
        return {copy: f"firm{copy % 4}.example" for copy in ids}


class OneDomain:
    def domains(self, ids: Iterable[int]) -> dict[int, str]:
        return dict.fromkeys(ids, "firm.example")


class KeptHits:
    """The history; counts how often it was asked."""

    def __init__(self, events: Sequence[Event] = ()) -> None:
        self.events = list(events)
        self.loaded = self.asked = 0

    def since(self, at: int, kinds: Sequence[EventKind], *, limit: int = 10_000) -> list[Event]:
        self.loaded += 1
        return [event for event in self.events if event.at >= at and event.kind in kinds][-limit:]

    def of_visitors(self, messages: Collection[int], addresses: Collection[str], first: int, last: int) -> list[Event]:
        self.asked += 1
        found = (event for event in self.events if event.message in messages and event.address in addresses)
        return [event for event in found if first <= event.at <= last]


def _clicked(copy: int, seconds: float, address: str = ADDRESS, *reasons: str) -> Event:
    facts = {"user_agent": CHROME}
    at = NOON + round(seconds * S)
    why = reasons or ("browser",)
    return Event(at + copy, EventKind.CLICKED, at, 1, copy, 0, Verdict.HUMAN, why, 5, facts, address)


def _look(neighbours: Neighbours, *events: Event) -> CrowdMarks:
    """As the digest does: looked at, then written."""
    marks = neighbours.look(list(plain_hits(events)))
    neighbours.done()
    return marks


@pytest.fixture
def neighbours() -> Neighbours:
    return Neighbours(Domains(), KeptHits(), SETTINGS)


def test_the_last_of_a_crowd_marks_all_of_it(neighbours: Neighbours) -> None:
    crowd = [_clicked(copy, copy) for copy in range(1, ENOUGH + 1)]
    before = [_look(neighbours, event).hits for event in crowd[:-1]]
    marks = _look(neighbours, crowd[-1])
    assert before == [{}] * (ENOUGH - 1)
    assert marks.hits == {event.copy: {event.id} for event in crowd}
    assert set(marks.messages.values()) == {1}


def test_who_comes_after_a_crowd_is_marked_alone(neighbours: Neighbours) -> None:
    _look(neighbours, *(_clicked(copy, copy) for copy in range(1, ENOUGH + 1)))
    late = _clicked(30, 40)
    assert _look(neighbours, late).hits == {30: {late.id}}


def test_what_was_not_written_is_not_remembered(neighbours: Neighbours) -> None:
    crowd = [_clicked(copy, copy) for copy in range(1, ENOUGH + 1)]
    neighbours.look(list(plain_hits(crowd[:-1])))
    assert _look(neighbours, crowd[-1]).hits == {}


def test_one_domain_is_an_office_and_not_a_filter() -> None:
    office = Neighbours(OneDomain(), KeptHits(), SETTINGS)
    assert _look(office, *(_clicked(copy, copy) for copy in range(1, 4 * ENOUGH))).hits == {}


def test_visitors_with_other_addresses_are_not_one(neighbours: Neighbours) -> None:
    apart = [_clicked(copy, copy, f"198.51.100.{copy}") for copy in range(1, 4 * ENOUGH)]
    assert _look(neighbours, *apart).hits == {}


def test_a_restart_reads_the_memory_from_the_history_once() -> None:
    crowd = [_clicked(copy, copy) for copy in range(1, ENOUGH + 1)]
    history = KeptHits(crowd[:-1])
    restarted = Neighbours(Domains(), history, SETTINGS)
    assert _look(restarted, crowd[-1]).hits.keys() == {event.copy for event in crowd}
    _look(restarted, _clicked(40, 60))
    assert history.loaded == 1


def test_a_mark_that_the_history_has_is_not_given_again() -> None:
    marked = [_clicked(copy, copy, ADDRESS, "one-address", "browser") for copy in range(1, ENOUGH + 1)]
    late = _clicked(40, 60)
    assert _look(Neighbours(Domains(), KeptHits(marked), SETTINGS), late).hits == {40: {late.id}}


def test_what_comes_in_time_asks_the_history_nothing() -> None:
    history = KeptHits()
    neighbours = Neighbours(Domains(), history, SETTINGS)
    for minute in range(0, 120, 3):
        _look(neighbours, _clicked(1 + minute, minute * 60 + 20), _clicked(2 + minute, minute * 60))
    assert history.asked == 0


def test_what_comes_late_finds_its_crowd_in_the_history() -> None:
    history = KeptHits([_clicked(copy, copy) for copy in range(1, ENOUGH)])
    neighbours = Neighbours(Domains(), history, SETTINGS)
    _look(neighbours, _clicked(50, 6 * 3_600, "203.0.113.0"))
    late = _clicked(40, 30)
    assert late.copy in _look(neighbours, late).hits
    assert history.asked == 1


def test_domains_are_asked_once_a_copy() -> None:
    source = Domains()
    neighbours = Neighbours(source, KeptHits(), SETTINGS)
    for last in (ENOUGH, ENOUGH + 1, ENOUGH + 2):
        _look(neighbours, *(_clicked(copy, copy) for copy in range(1, last + 1)))
    assert len(source.asked) == len(set(source.asked))


def test_a_domain_that_is_only_now_known_need_not_be_asked() -> None:
    source = Domains()
    crowd: list[PlainHit] = list(plain_hits(_clicked(copy, copy) for copy in range(1, ENOUGH + 1)))
    Neighbours(source, KeptHits(), SETTINGS).look(crowd, {copy: f"{copy % 4}.example" for copy in range(1, 50)})
    assert source.asked == []


@pytest.mark.parametrize(
    "event",
    [
        Event(1, EventKind.CLICKED, NOON, 1, 0, 0, Verdict.HUMAN, ("browser",), 5, {"user_agent": CHROME}, ADDRESS),
        Event(1, EventKind.SENT, NOON, 1, 10),
        _clicked(10, 5, "10.0.0.1"),
        _clicked(10, 5, ADDRESS, "network"),
    ],
    ids=["of no copy", "not judged", "from a private network", "judged by more than a program's name"],
)
def test_hits_that_say_nothing_of_their_neighbours(event: Event) -> None:
    assert list(plain_hits([event])) == []


def test_a_plain_hit_is_known_by_message_and_visitor() -> None:
    event = _clicked(10, 5)
    assert list(plain_hits([event])) == [(crowd_key(1, place_of(ADDRESS), program_of(CHROME)), event)]
