"""The feed as a program reads it."""

import json
import threading
from http import HTTPStatus
from typing import Any

import pytest

from postlude.api.cursor import feed_cursor
from postlude.kit.ids import id_text, new_id
from postlude.model.event import LATER_HITS, Event, corrected
from postlude.model.words import EventKind, Verdict
from postlude.services.accounts.api_keys import end_api_key
from postlude.store import Batch

from .conftest import CLOCK, ApiWorld

SENT, OPENED, CLICKED = EventKind.SENT, EventKind.OPENED, EventKind.CLICKED


def _ids(answer: Any) -> list[str]:
    return [event["id"] for event in answer.json()["events"]]


def test_events_come_in_order_from_the_oldest_on(world: ApiWorld) -> None:
    message, events = world.happened(world.alice, SENT, OPENED, CLICKED)
    told = world.client().get("/v1/events").json()
    assert [one["id"] for one in told["events"]] == [id_text(event.id) for event in events]
    assert told["more"] is False
    clicked = told["events"][2]
    assert clicked["message"] == id_text(message)
    assert clicked["type"] == "clicked"
    assert clicked["recipient"] == "bob@example.net"
    assert clicked["link"] == {"position": 0, "url": "https://example.com/a"}
    assert clicked["verdict"] == "human"
    assert clicked["reasons"] == ["browser"]
    assert clicked["confidence"]
    assert clicked["why"]
    assert clicked["replaces"] is None


def test_pages_miss_nothing_and_repeat_nothing(world: ApiWorld) -> None:
    wanted = []
    for _ in range(5):
        wanted += [id_text(event.id) for event in world.happened(world.alice, SENT, OPENED, CLICKED)[1]]
    client, found, after = world.client(), [], ""
    while True:
        answer = client.get("/v1/events", params={"after": after, "limit": 2})
        found += _ids(answer)
        after = answer.json()["cursor"]
        if not answer.json()["more"]:
            break
    assert found == wanted


def test_a_cursor_of_any_event_goes_on_behind_it(world: ApiWorld) -> None:
    _, events = world.happened(world.alice, SENT, OPENED, CLICKED)
    client = world.client()
    middle = client.get("/v1/events").json()["events"][1]
    assert _ids(client.get("/v1/events", params={"after": middle["cursor"]})) == [id_text(events[2].id)]


def test_only_what_was_sent_by_the_keys_user(world: ApiWorld) -> None:
    world.happened(world.alice, SENT)
    assert _ids(world.client(user=world.charlie).get("/v1/events")) == []


@pytest.mark.parametrize(
    ("wish", "count"),
    [
        ({"type": "opened"}, 2),
        ({"type": ["opened", "clicked"]}, 3),
        ({"verdict": "machine"}, 0),
        ({"verdict": "human"}, 5),
        ({"contact": "BOB@example.net"}, 3),
        ({"contact": "nobody@example.net"}, 0),
        ({"campaign": "0000000000000001"}, 0),
    ],
)
def test_filters(world: ApiWorld, wish: dict[str, Any], count: int) -> None:
    world.happened(world.alice, SENT, OPENED, CLICKED)
    world.happened(world.alice, SENT, OPENED, recipient="eve@example.com")
    answer = world.client().get("/v1/events", params=wish)
    assert len(_ids(answer)) == count
    assert _ids(world.client().get("/v1/events", params={"after": answer.json()["cursor"]})) == []


def test_a_correction_replaces(world: ApiWorld) -> None:
    _, (event,) = world.happened(world.alice, CLICKED)
    later = corrected(event, Verdict.MACHINE, ("sweep",), why="9 links in 0.4 s", rules_version=6, cause=LATER_HITS)
    world.deps.store.digest.apply(Batch(events=[later], at=CLOCK.now()))
    first, second = world.client().get("/v1/events").json()["events"]
    assert first["id"] == second["id"]
    assert second["replaces"] == {"id": first["id"], "verdict": "human", "cause": "later-hits"}
    assert "9 links in 0.4 s" in second["why"]


def test_as_lines(world: ApiWorld) -> None:
    _, events = world.happened(world.alice, SENT, OPENED)
    answer = world.client().get("/v1/events", headers={"Accept": "application/x-ndjson"})
    *lines, last = [json.loads(line) for line in answer.text.splitlines()]
    assert [line["id"] for line in lines] == [id_text(event.id) for event in events]
    assert last == {"cursor": lines[-1]["cursor"], "more": False}


def test_latest_begins_behind_what_there_is(world: ApiWorld) -> None:
    world.happened(world.alice, SENT)
    client = world.client()
    cursor = client.get("/v1/events", params={"after": "latest"}).json()["cursor"]
    _, events = world.happened(world.alice, OPENED)
    assert _ids(client.get("/v1/events", params={"after": cursor})) == [id_text(events[0].id)]


def test_waiting_ends_with_the_first_event(world: ApiWorld) -> None:
    client = world.client()
    cursor = client.get("/v1/events", params={"after": "latest"}).json()["cursor"]
    found: list[Any] = []
    asking = threading.Thread(
        target=lambda: found.append(client.get("/v1/events", params={"after": cursor, "wait": 50}))
    )
    asking.start()
    while not world.deps.waiting[world.alice.id]:
        assert asking.is_alive()
        threading.Event().wait(0.01)
    message, events = world.happened(world.alice, OPENED)
    world.changes.publish([message])
    asking.join(20)
    assert _ids(found[0]) == [id_text(events[0].id)]
    assert world.deps.waiting[world.alice.id] == 0


def test_waiting_ends_when_the_server_stops(world: ApiWorld) -> None:
    world.deps.stopping.set()
    answer = world.client().get("/v1/events", params={"wait": 50})
    assert answer.json() == {"events": [], "cursor": feed_cursor(0), "more": False}


def test_a_place_that_is_no_longer_kept_is_gone(world: ApiWorld) -> None:
    for _ in range(3):
        world.happened(world.alice, SENT, OPENED)
    store, client = world.deps.store, world.client()
    store.feed.trim(CLOCK.now() + 1, store.feed.head())
    answer = client.get("/v1/events", params={"after": feed_cursor(1)})
    assert answer.status_code == HTTPStatus.GONE
    assert answer.json()["code"] == "cursor_expired"
    assert len(_ids(client.get("/v1/events"))) == 2


def test_a_place_in_the_future_is_told(world: ApiWorld) -> None:
    answer = world.client().get("/v1/events", params={"after": feed_cursor(99)})
    assert answer.status_code == HTTPStatus.GONE
    assert "backup" in answer.json()["detail"]


def test_a_page_may_end_between_a_deletion_and_its_events(world: ApiWorld) -> None:
    message, (event,) = world.happened(world.alice, OPENED)
    later = Event(new_id(), CLICKED, event.at + 1, message, event.copy, 0)
    world.deps.store.digest.apply(Batch(remove=[event.id], events=[later], at=CLOCK.now()))
    client, found, after = world.client(), [], ""
    for _ in range(3):
        told = client.get("/v1/events", params={"limit": 1, "after": after}).json()
        after = told["cursor"]
        found += [one["type"] for one in told["events"]]
    assert found == ["opened", "erased", "clicked"]
    assert client.get("/v1/events", params={"after": after}).json()["events"] == []


def test_a_key_that_ends_while_it_waits_is_told_nothing(world: ApiWorld) -> None:
    client, found = world.client(), list[Any]()
    asking = threading.Thread(target=lambda: found.append(client.get("/v1/events", params={"wait": 20})))
    asking.start()
    while not world.deps.waiting[world.alice.id]:
        threading.Event().wait(0.01)
    (key,) = world.deps.store.api_keys.of_user(world.alice.id)
    end_api_key(world.deps.store, CLOCK, key)
    message, _ = world.happened(world.alice, OPENED)
    world.changes.publish([message])
    asking.join(20)
    assert found[0].json()["code"] == "key_invalid"


def test_what_is_deleted_is_told_whatever_is_asked_for(world: ApiWorld) -> None:
    _, (event,) = world.happened(world.alice, CLICKED)
    world.deps.store.digest.apply(Batch(remove=[event.id], at=CLOCK.now()))
    told = world.client().get("/v1/events", params={"type": "clicked"}).json()["events"]
    assert [one["type"] for one in told] == ["clicked", "erased"]


def test_what_is_deleted_is_told(world: ApiWorld) -> None:
    _, (event,) = world.happened(world.alice, OPENED)
    world.deps.store.digest.apply(Batch(remove=[event.id], at=CLOCK.now()))
    last = world.client().get("/v1/events").json()["events"][-1]
    assert last["type"] == "erased"
    assert last["events"] == [id_text(event.id)]
