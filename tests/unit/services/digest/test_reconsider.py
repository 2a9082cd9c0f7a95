"""The windows of a batch: where they are read from, what is remembered of them, and which event a correction is of."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import count

import pytest

from mails.records import record
from mails.visits import NOON, S, visit
from postlude.classify import read_window
from postlude.model.event import LATER_HITS, Event
from postlude.model.observation import Hit, encode_observation
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.reconsider import Review, WindowCache, Windows
from postlude.services.digest.steps import RecordSteps


class KeptWindows:
    """What the state has; `asked` are the copies whose windows were read."""

    def __init__(self) -> None:
        self.kept: dict[int, bytes] = {}
        self.asked: list[int] = []
        self.links_asked = 0

    def windows(self, ids: Iterable[int]) -> dict[int, bytes]:
        self.asked += ids
        return {copy: self.kept[copy] for copy in ids if copy in self.kept}

    def sent_times(self, ids: Iterable[int]) -> dict[int, int]:
        return dict.fromkeys(ids, NOON)

    def tracked_links(self, _message: int) -> int:
        self.links_asked += 1
        return 10

    def domains(self, ids: Iterable[int]) -> dict[int, str]:
        return dict.fromkeys(ids, "firm.example")


class KeptEvents:
    """What the history has."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def of_ids(self, wanted: Mapping[int, int]) -> list[Event]:
        return [event for event in self.events if event.id in wanted]

    def of_copies(self, copies: Sequence[int]) -> list[Event]:
        return [event for event in self.events if event.copy in copies]

    def timeline(self, message: int, copy: int | None = None, *, limit: int = 10_000) -> list[Event]:
        found = (event for event in self.events if event.message == message and copy in {None, event.copy})
        return sorted(found, key=lambda event: (event.at, event.id))[-limit:]

    def since(self, at: int, kinds: Sequence[EventKind], *, limit: int = 10_000) -> list[Event]:
        return [event for event in self.events if event.at >= at and event.kind in kinds][-limit:]

    def of_visitors(self, messages: Collection[int], addresses: Collection[str], first: int, last: int) -> list[Event]:
        found = (event for event in self.events if event.message in messages and event.address in addresses)
        return [event for event in found if first <= event.at <= last]


class Stores:
    """Both, and windows over them that can be begun anew, as a restart does."""

    def __init__(self) -> None:
        self.state, self.history = KeptWindows(), KeptEvents()
        self.offsets = count(16, 100)
        self.windows = self.restarted()

    def restarted(self) -> Windows:
        self.windows = Windows(self.state, self.history)
        return self.windows

    def review(self, *hits: Hit) -> Review:
        return self.windows.review(self.items(*hits))

    def write(self, review: Review) -> None:
        self.state.kept |= review.windows
        self.history.events += review.events
        self.windows.done(review)

    def items(self, *hits: Hit) -> list[Item]:
        steps = RecordSteps(submissions=_unused, returned=_unused, hits=Hits(self.state))
        items = steps.decode([record(encode_observation(hit), next(self.offsets)) for hit in hits])
        steps.run(items)
        return items


def _unused(item: Item, _seen: object) -> None:
    item.outcome = RecordOutcome.IGNORED


@pytest.fixture
def stores() -> Stores:
    return Stores()


def _sweep(links: int, start: float = 60.0) -> list[Hit]:
    return [visit(start + n / 20, n) for n in range(links)]


def test_a_first_hit_begins_its_copys_window(stores: Stores) -> None:
    review = stores.review(visit(60, 1))
    [sighting] = read_window(review.windows[10])
    assert sighting.id == review.events[0].id
    assert sighting.at == NOON + 60 * S
    assert not review.corrections.after


def test_a_later_hit_joins_the_window_that_the_state_has(stores: Stores) -> None:
    stores.write(stores.review(visit(60, 1)))
    stores.restarted()
    assert len(read_window(stores.review(visit(4_000, 2)).windows[10])) == 2


def test_a_review_that_was_not_written_is_as_if_it_had_not_been(stores: Stores) -> None:
    stores.review(visit(60, 1))
    assert len(read_window(stores.review(visit(61, 2)).windows[10])) == 1


def test_a_window_just_written_is_not_read_again(stores: Stores) -> None:
    stores.write(stores.review(visit(60, 1)))
    stores.state.asked.clear()
    stores.write(stores.review(visit(4_000, 2)))
    assert stores.state.asked == []


def test_what_was_changed_elsewhere_is_read_again(stores: Stores) -> None:
    stores.write(stores.review(visit(60, 1)))
    stores.windows.forget()
    stores.state.asked.clear()
    stores.review(visit(4_000, 2))
    assert stores.state.asked == [10]


def test_the_last_of_a_sweep_takes_back_the_first(stores: Stores) -> None:
    hits = _sweep(9)
    first = stores.review(hits[0])
    stores.write(first)
    review = stores.review(*hits[1:])
    assert [event.verdict for event in first.events] == [Verdict.HUMAN]
    assert {event.verdict for event in review.events} == {Verdict.MACHINE}
    assert [event.id for event in review.corrections.before] == [first.events[0].id]


def test_a_correction_carries_what_the_event_was(stores: Stores) -> None:
    hits = _sweep(9)
    stores.write(stores.review(hits[0]))
    [corrected] = stores.review(*hits[1:]).corrections.after
    assert corrected.verdict is Verdict.MACHINE
    assert corrected.first_verdict is Verdict.HUMAN
    assert corrected.cause == LATER_HITS
    assert corrected.facts["user_agent"] == hits[0].user_agent
    assert corrected.address == hits[0].address


def test_after_a_restart_the_history_tells_what_the_event_was(stores: Stores) -> None:
    hits = _sweep(9)
    stores.write(stores.review(hits[0]))
    stores.restarted()
    [corrected] = stores.review(*hits[1:]).corrections.after
    assert corrected.facts["user_agent"] == hits[0].user_agent


def test_an_event_that_no_store_has_any_more_is_corrected_by_its_window(stores: Stores) -> None:
    """What retention has deleted counts on: the sum of a copy must come out."""
    hits = _sweep(9)
    stores.write(stores.review(hits[0]))
    stores.restarted()
    stores.history.events.clear()
    [corrected] = stores.review(*hits[1:]).corrections.after
    assert corrected.kind is EventKind.CLICKED
    assert corrected.verdict is Verdict.MACHINE
    assert corrected.facts == {"why": corrected.facts["why"]}


def test_the_number_of_a_messages_links_is_asked_once(stores: Stores) -> None:
    for start in (60, 4_000, 8_000):
        stores.write(stores.review(*_sweep(6, start)))
    assert stores.state.links_asked == 1


def test_windows_are_cached_up_to_a_number_of_bytes() -> None:
    cache = WindowCache(100_000)
    for copy in range(10_000):
        cache.put({copy: bytes(90)})
    known = [copy for copy in range(10_000) if cache.get(copy) is not None]
    assert 100 < len(known) < 320
    assert known[-1] == 9_999


def test_a_cleared_cache_knows_nothing() -> None:
    cache = WindowCache()
    cache.put({1: b"window"})
    cache.clear()
    assert cache.get(1) is None
