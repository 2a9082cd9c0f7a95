"""Pages of the feed are bounded, whatever a filter leaves out. `tests/integration/api` tries what the API tells."""

import pytest

from postlude.kit.ids import new_id
from postlude.model.event import Event
from postlude.model.words import EventKind, Via
from postlude.services.reports import feed_page as page_module
from postlude.services.reports.feed_page import FeedWish, feed_page
from postlude.store import Batch, Copy, Message, Store, Submission

USER = 5


@pytest.fixture
def events(store: Store) -> list[Event]:
    """Four batches of one event each."""
    row = Message(
        id=1, user=USER, message_id="", subject="Hi", sender="a@example.org", mail_from="", via=Via.API, created_at=1
    )
    store.digest.apply(Batch(submissions=[Submission(row, (), (Copy(2, 1, "bob@example.net"),))]))
    made = [Event(new_id(), EventKind.OPENED, at, 1, 2) for at in range(1, 5)]
    for event in made:
        store.digest.apply(Batch(events=[event], at=event.at))
    return made


def test_a_page_ends_where_enough_was_looked_at(
    store: Store, events: list[Event], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(page_module, "SCANNED", 2)
    first = feed_page(store, USER, 0, 100, FeedWish(kinds={EventKind.CLICKED}))
    assert first.events == []
    assert first.more is True
    second = feed_page(store, USER, first.upto, 100, FeedWish())
    assert len(second.events) == len(events) - 2


def test_a_page_of_another_user_is_empty_and_goes_on(store: Store, events: list[Event]) -> None:
    page = feed_page(store, USER + 1, 0, 100, FeedWish())
    assert page.events == []
    assert page.upto >= 2 * len(events)
