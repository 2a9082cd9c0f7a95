"""Contacts by what to make of them, in the browser."""

import pytest
from starlette.testclient import TestClient

from postlude.model.event import Event
from postlude.model.words import EventKind, SendOutcome, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission
from support.web_world import World

DAY = 86_400 * 1_000_000


def _come_again(store: Store, address: str, now: int) -> None:
    """One mail that was opened on three days."""
    sent = now - 6 * DAY
    row = Message(id=77, user=1, message_id="", subject="", sender="", mail_from="", via=Via.WEB, created_at=sent)
    opened = [Event(days, EventKind.OPENED, now - days * DAY, 77, 77, verdict=Verdict.HUMAN) for days in (1, 2, 4)]
    attempts = [AttemptResult(77, SendOutcome.ACCEPTED, sent, 1)]
    made = [Submission(row, (), (Copy(77, 77, address),))]
    store.digest.apply(Batch(submissions=made, attempts=attempts, events=opened, at=now))


@pytest.fixture
def client(world: World) -> TestClient:
    store = world.deps.store
    store.contacts.add("anna@example.org", 1, name="Anna")
    store.contacts.add("bob@example.org", 2)
    _come_again(store, "anna@example.org", world.deps.clock.now())
    return world.client(world.alice)


def test_states_are_counted_each_with_its_segment(client: TestClient) -> None:
    page = client.get("/engagement").text
    assert '<a href="/engagement/hot">1</a>' in page
    assert '<a href="/engagement/new">1</a>' in page
    assert "/segments?expression=state%28%27hot%27%29" in page


def test_who_is_in_a_state_is_listed(client: TestClient) -> None:
    page = client.get("/engagement/hot").text
    assert "anna@example.org" in page
    assert "bob@example.org" not in page


def test_a_state_that_is_none_is_refused(client: TestClient) -> None:
    assert client.get("/engagement/warm").status_code == 400


def test_a_state_leaves_as_a_file(client: TestClient) -> None:
    header, row = client.get("/engagement/hot/contacts.csv").text.splitlines()
    assert header.removeprefix("\ufeff").startswith("email,name,state,score,mails")
    assert row.startswith("anna@example.org,Anna,hot,,1")


def test_a_segment_of_the_hot_is_a_click_away(client: TestClient) -> None:
    page = client.get("/segments", params={"expression": "state('hot')"}).text
    assert "<strong>1</strong> contacts who are hot" in page
