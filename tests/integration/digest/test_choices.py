"""What recipients choose on their preferences page reaches the stores, and nothing else does."""

from typing import Any

import pytest

from postlude.instrument import Policy, Switches
from postlude.journal import JournalReader
from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError, NotFoundError
from postlude.model.observation import Hit, Submitted
from postlude.model.words import HitEndpoint, Via
from postlude.services.privacy.withdrawals import limited, replace_link, restore_link, stop_link
from postlude.store import Batch, Link, Message, Store, Submission
from postlude.tokens import Kind

World = Any  # conftest.World: tests are found by path and cannot import one another


@pytest.fixture
def sent(world: World) -> World:
    for number in (1, 2):
        world.spool.put(number, b"Hello")
        world.say(Submitted(5, number, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "Carol@example.org")))
    return world


def _hit(copy: int, at: int, endpoint: HitEndpoint = HitEndpoint.PIXEL, position: int = -1, **facts: str) -> Hit:
    method = "POST" if endpoint in {HitEndpoint.PREFERENCES, HitEndpoint.UNSUBSCRIBE} else "GET"
    return Hit(at, endpoint, 1, copy // 10, copy, position, method, "Thunderbird/140.0", "192.0.2.0", {}, facts)


@pytest.fixture
def withdrawn(sent: World) -> World:
    """Carol wants no opens recorded, said with her first mail."""
    sent.say(_hit(11, 100, HitEndpoint.PREFERENCES, opens="off", clicks="on"))
    sent.digest().catch_up()
    return sent


def test_a_withdrawal_covers_every_copy_to_the_address(withdrawn: World) -> None:
    opens, clicks, _ = withdrawn.store.privacy.revocations()
    assert sorted(opens) == [11, 21]
    assert sorted(clicks) == []


def test_who_applies_withdrawals_is_woken(sent: World) -> None:
    woken: list[int] = []
    sent.say(_hit(11, 100, HitEndpoint.PREFERENCES, opens="off", clicks="on"))
    sent.digest(chosen=lambda: woken.append(1)).catch_up()
    assert woken == [1]


def test_a_withdrawal_limits_the_mail_to_come(withdrawn: World) -> None:
    found = withdrawn.store.privacy.withdrawals(["CAROL@example.org", "bob@example.org"])
    assert list(found) == ["CAROL@example.org"]
    policy = limited(Policy(), found["CAROL@example.org"])
    assert policy.opens is False
    assert policy.clicks is True
    assert not Switches(opens=True).apply(policy).opens  # a message's own header does not switch it on again


def test_an_older_choice_that_comes_late_changes_nothing(withdrawn: World) -> None:
    withdrawn.say(_hit(21, 90, HitEndpoint.PREFERENCES, opens="off", clicks="off"))  # from another edge
    withdrawn.digest().catch_up()
    assert not withdrawn.store.privacy.withdrawal("carol@example.org").clicks


def test_a_later_choice_ends_the_withdrawal(withdrawn: World) -> None:
    withdrawn.say(_hit(21, 200, HitEndpoint.PREFERENCES, opens="on", clicks="on"))
    withdrawn.digest().catch_up()
    store = withdrawn.store
    assert store.privacy.withdrawals(["carol@example.org"]) == {}
    assert store.privacy.withdrawal("carol@example.org").evidence == "preferences page, copy 0000000000000015"
    assert len(store.privacy.revocations().opens) == 0


@pytest.fixture(params=[1, 100], ids=["one at a time", "at once"])
def erased(sent: World, request: pytest.FixtureRequest) -> World:
    """Bob has what was recorded of him erased at 60; Carol does not."""
    sent.say(
        _hit(10, 10),
        _hit(10, 20, HitEndpoint.LINK, 0),
        _hit(20, 30, HitEndpoint.LINK, 1),
        _hit(11, 40, HitEndpoint.LINK, 0),
        _hit(10, 50, HitEndpoint.UNSUBSCRIBE, how="page"),
        _hit(20, 60, HitEndpoint.PREFERENCES, erase="1"),
        _hit(10, 70, HitEndpoint.LINK, 2),
    )
    sent.digest(batch_records=request.param).catch_up()
    return sent


def test_an_erasure_deletes_what_came_before_and_nothing_else(erased: World) -> None:
    seen = [(event.copy, event.kind.value) for event in erased.history.timeline(1) if event.kind.value != "queued"]
    assert seen == [(11, "clicked"), (10, "unsubscribed"), (10, "clicked")]


def test_what_an_erasure_leaves_names_nobody(erased: World) -> None:
    [left] = [event for event in erased.history.timeline(1, 10) if event.kind.value == "unsubscribed"]
    assert left.facts == {}
    assert left.address == ""
    assert [event.address for event in erased.history.timeline(2, 20)] == ["", ""]


def test_the_erasure_itself_is_on_the_timeline(erased: World) -> None:
    [_, event] = erased.history.timeline(2, 20)
    assert event.kind.value == "viewed"
    assert event.facts == {"page": "preferences", "erase": "1", "method": "POST"}


def test_an_erasure_takes_back_what_was_counted(erased: World) -> None:
    bob, carol = (erased.store.messages.activity(1)[copy] for copy in (10, 11))
    assert bob.opens == 0
    assert bob.clicks == 1
    assert bob.first_click_at == 70
    assert carol.clicks == 1
    assert {p: link.clicks for p, link in erased.store.messages.link_activity(1).items()} == {0: 1, 2: 1}
    assert erased.store.messages.link_activity(2) == {}


def test_an_erasure_keeps_that_they_left(erased: World) -> None:
    assert erased.store.messages.activity(1)[10].unsubscribed_at == 50
    assert erased.store.suppressions.contains(["bob@example.org"]) == {"bob@example.org"}


def test_reading_an_erasure_again_changes_nothing(erased: World, from_the_start: type[JournalReader]) -> None:
    store, history = erased.store, erased.history
    before = (store.messages.activity(1), store.messages.link_activity(1), history.total())
    erased.digest(reader=from_the_start).step()
    after = (store.messages.activity(1), store.messages.link_activity(1), history.total())
    assert after == before


def test_public_lists_are_joined(sent: World) -> None:
    news, hidden = sent.store.lists.add("News", public=True, at=1), sent.store.lists.add("Customers", at=1)
    ids = f"{news.id:016x}+,{hidden.id:016x}+"
    sent.say(_hit(10, 100, HitEndpoint.PREFERENCES, opens="on", clicks="off", lists=ids))
    sent.digest().catch_up()
    contact = sent.store.contacts.by_address("bob@example.org")
    [joined] = sent.store.lists.memberships(contact.id)
    assert joined.list == news.id
    assert joined.status.value == "subscribed"
    assert contact.opens_consent == ""
    assert contact.clicks_consent == "withdrawn"


def test_lists_are_left(sent: World) -> None:
    news = sent.store.lists.add("News", public=True, at=1)
    for at, choice in ((100, "+"), (200, "-")):
        sent.say(_hit(10, at, HitEndpoint.PREFERENCES, opens="on", clicks="off", lists=f"{news.id:016x}{choice}"))
    sent.digest().catch_up()
    contact = sent.store.contacts.by_address("bob@example.org")
    [left] = sent.store.lists.memberships(contact.id)
    assert left.status.value == "unsubscribed"


A_DAY = 86_400_000_000


def test_one_request_for_ones_data_at_a_time(sent: World) -> None:
    sent.say(_hit(10, 100, HitEndpoint.PREFERENCES, report="1"), _hit(20, 200, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    [request] = sent.store.privacy.open_requests()
    assert request.address == "bob@example.org"
    assert request.copy == 10
    assert request.at == 100


@pytest.mark.parametrize(("at", "requests"), [(A_DAY, 0), (A_DAY + 301, 1)])
def test_one_request_for_ones_data_a_day(sent: World, at: int, requests: int) -> None:
    sent.say(_hit(10, 100, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    sent.store.privacy.answered("bob@example.org", 300)
    sent.say(_hit(20, at, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    assert len(sent.store.privacy.open_requests()) == requests


@pytest.fixture
def linked(store: Store) -> Store:
    """A store with message 5: a tracked link and one that cannot be."""
    return _linked(store, Via.RELAY)


def _linked(store: Store, via: Via) -> Store:
    message = Message(id=5, user=1, message_id="", subject="", sender="", mail_from="", via=via, created_at=1)
    links = (Link(5, 0, "https://a.example/"), Link(5, 1, "tel:1", tracked=False, reason="scheme"))
    store.digest.apply(Batch(submissions=[Submission(message, links, ())]))
    return store


@pytest.mark.parametrize(("via", "kind"), [(Via.RELAY, Kind.MESSAGE), (Via.CAMPAIGN, Kind.CAMPAIGN)])
def test_a_changed_link_is_known_by_what_its_tokens_say(store: Store, via: Via, kind: Kind) -> None:
    replace_link(_linked(store, via), SystemClock(), 5, 0, "https://b.example/x")
    assert store.privacy.revocations().links == {(kind, 5, 0): "https://b.example/x"}


def test_a_stopped_link_leads_nowhere(linked: Store) -> None:
    stop_link(linked, SystemClock(), 5, 0)
    assert linked.privacy.revocations().links == {(Kind.MESSAGE, 5, 0): ""}


def test_a_restored_link_is_as_it_was(linked: Store) -> None:
    stop_link(linked, SystemClock(), 5, 0)
    restore_link(linked, 5, 0)
    assert linked.privacy.revocations().links == {}


def test_a_link_that_is_not_tracked_cannot_be_stopped(linked: Store) -> None:
    with pytest.raises(InputError, match="not tracked"):
        stop_link(linked, SystemClock(), 5, 1)


def test_a_link_that_never_was_is_told_with_those_that_are(linked: Store) -> None:
    with pytest.raises(NotFoundError, match="its links: 0, 1"):
        stop_link(linked, SystemClock(), 5, 2)


@pytest.mark.parametrize(
    "bad", ["javascript:alert(1)", "https://", "https://a@b.example/", "https://b.example/\\x", "//b.example"]
)
def test_a_link_leads_only_to_a_website(linked: Store, bad: str) -> None:
    with pytest.raises(InputError, match="not a valid destination"):
        replace_link(linked, SystemClock(), 5, 0, bad)
