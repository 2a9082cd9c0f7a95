"""The feed: numbered without gaps, read from any number on, forgotten and ended."""

from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.words import EventKind, Verdict
from postlude.store import Batch, FeedEntry, Store


def _events(first: int, count: int = 3, **more: object) -> list[Event]:
    return [
        Event(first + n, EventKind.OPENED, 100 + n, 1, 10 + n, verdict=Verdict.HUMAN, **more)  # type: ignore[arg-type]
        for n in range(count)
    ]


def _read(store: Store, after: int = 0) -> list[tuple[int, list[int]]]:
    return [(entry.first, [event.id for event in entry.events]) for entry in store.feed.after(after)]


def test_numbers_follow_one_another(store: Store) -> None:
    assert store.feed.head() == 0
    first = store.digest.apply(Batch(events=_events(1)))
    store.digest.apply(Batch(positions={1: JournalPosition(1, 1)}))  # nothing happened
    second = store.digest.apply(Batch(events=_events(7, 2), remove=[5]))
    assert first.first == 1
    assert second.first == 4
    assert store.feed.head() == 5
    assert _read(store) == [(1, [1, 2, 3]), (4, [7, 8])]
    assert _read(store, 2) == [(1, [1, 2, 3]), (4, [7, 8])]
    assert _read(store, 3) == [(4, [7, 8])]
    assert _read(store, 5) == []
    assert [list(entry.remove) for entry in store.feed.after(3)] == [[5]]


def test_an_event_comes_out_as_it_went_in(store: Store) -> None:
    event = Event(
        1, EventKind.CLICKED, 5, 1, 10, 3, Verdict.MACHINE, ("sweep", "browser"), 3, {"why": "9 links"}, "192.0.2.0",
        1, Verdict.HUMAN, "later-hits",
    )  # fmt: skip
    store.digest.apply(Batch(events=[event]))
    [entry] = store.feed.after(0)
    assert list(entry.events) == [event]
    assert isinstance(entry, FeedEntry)


def test_who_is_forgotten_is_not_in_it(store: Store) -> None:
    store.digest.apply(Batch(events=_events(1, facts={"sender": "Bob@Example.org"}, address="192.0.2.0")))
    store.digest.apply(Batch(events=_events(4, facts={"user_agent": "Gecko"}, address="192.0.2.0")))
    store.feed.forget([10], "bob@example.org")
    first, second = store.feed.after(0)
    assert {event.address for event in first.events} == {""}
    assert [event.address for event in second.events] == ["", "192.0.2.0", "192.0.2.0"]
    assert first.events[0].facts == {}


def test_what_was_read_and_is_old_ends_and_numbers_go_on(store: Store) -> None:
    for n in range(3):
        store.digest.apply(Batch(events=_events(1 + 3 * n), at=n))
    store.feed.trim(before=2, read_to=3)
    assert [first for first, _ in _read(store)] == [4, 7]
    store.feed.trim(before=9, read_to=9)
    assert [first for first, _ in _read(store)] == [7]
    assert store.digest.apply(Batch(events=_events(20))).first == 10


def test_a_state_that_was_put_back_goes_on_behind_what_was_read(store: Store) -> None:
    store.digest.apply(Batch(events=_events(1)))
    store.feed.skip_to(70, 5)
    assert store.feed.head() == 70
    assert store.digest.apply(Batch(events=_events(20))).first == 71
    store.feed.skip_to(9, 5)
    assert store.feed.head() == 73
