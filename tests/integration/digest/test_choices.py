"""What recipients choose on their preferences page reaches the stores, and nothing else does."""

from typing import Any

import pytest

from postlude.instrument import Policy, Switches
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


def test_a_withdrawal_covers_every_copy_to_the_address(sent: World) -> None:
    woken: list[int] = []
    digest = sent.digest(chosen=lambda: woken.append(1))
    sent.say(_hit(11, 100, HitEndpoint.PREFERENCES, opens="off", clicks="on"))
    digest.catch_up()
    opens, clicks, _ = sent.store.privacy.revocations()
    assert sorted(opens) == [11, 21]
    assert sorted(clicks) == []
    assert woken == [1]
    found = sent.store.privacy.withdrawals(["CAROL@example.org", "bob@example.org"])
    assert list(found) == ["CAROL@example.org"]
    policy = limited(Policy(), found["CAROL@example.org"])
    assert policy.opens is False
    assert policy.clicks is True
    assert not Switches(opens=True).apply(policy).opens  # a message's own header does not switch it on again

    sent.say(_hit(21, 90, HitEndpoint.PREFERENCES, opens="off", clicks="off"))  # older: it came late from another edge
    digest.catch_up()
    assert not sent.store.privacy.withdrawal("carol@example.org").clicks
    sent.say(_hit(21, 200, HitEndpoint.PREFERENCES, opens="on", clicks="on"))
    digest.catch_up()
    assert sent.store.privacy.withdrawals(["carol@example.org"]) == {}
    assert sent.store.privacy.withdrawal("carol@example.org").evidence == "preferences page, copy 0000000000000015"
    assert len(sent.store.privacy.revocations().opens) == 0


@pytest.mark.parametrize("batch", [1, 100])
def test_an_erasure_deletes_what_came_before_and_nothing_else(sent: World, batch: int) -> None:
    sent.say(
        _hit(10, 10),
        _hit(10, 20, HitEndpoint.LINK, 0),
        _hit(20, 30, HitEndpoint.LINK, 1),
        _hit(11, 40, HitEndpoint.LINK, 0),
        _hit(10, 50, HitEndpoint.UNSUBSCRIBE, how="page"),
        _hit(20, 60, HitEndpoint.PREFERENCES, erase="1"),
        _hit(10, 70, HitEndpoint.LINK, 2),
    )
    sent.digest(batch_records=batch).catch_up()
    kinds = [(event.copy, event.kind.value, event.facts) for event in sent.history.timeline(1)]
    assert [(copy, kind) for copy, kind, _ in kinds if kind != "queued"] == [
        (11, "clicked"),
        (10, "unsubscribed"),
        (10, "clicked"),
    ]
    assert next(facts for _, kind, facts in kinds if kind == "unsubscribed") == {}
    erased = [event.address for event in sent.history.timeline(1, 10) if event.kind.value == "unsubscribed"]
    assert erased == [""]
    assert [event.address for event in sent.history.timeline(2, 20)] == ["", ""]
    assert [(event.kind.value, event.facts) for event in sent.history.timeline(2, 20)][1:] == [
        ("viewed", {"page": "preferences", "erase": "1", "method": "POST"})
    ]
    bob, carol = (sent.store.messages.activity(1)[copy] for copy in (10, 11))
    assert bob.opens == 0
    assert bob.clicks == 1
    assert bob.first_click_at == 70
    assert bob.unsubscribed_at == 50
    assert carol.clicks == 1
    assert {p: link.clicks for p, link in sent.store.messages.link_activity(1).items()} == {0: 1, 2: 1}
    assert sent.store.messages.link_activity(2) == {}
    assert sent.store.suppressions.contains(["bob@example.org"]) == {"bob@example.org"}
    sent.digest()._load()
    behind = sent.digest()
    behind._after = dict  # type: ignore[method-assign]  # reading everything again changes nothing
    before = (sent.store.messages.activity(1), sent.store.messages.link_activity(1), sent.history.total())
    behind.step()
    assert (sent.store.messages.activity(1), sent.store.messages.link_activity(1), sent.history.total()) == before


def test_lists_are_joined_and_left(sent: World) -> None:
    news = sent.store.lists.add("News", public=True, at=1)
    hidden = sent.store.lists.add("Customers", at=1)
    ids = f"{news.id:016x}+,{hidden.id:016x}+"
    sent.say(_hit(10, 100, HitEndpoint.PREFERENCES, opens="on", clicks="off", lists=ids))
    sent.digest().catch_up()
    contact = sent.store.contacts.by_address("bob@example.org")
    assert [(one.list, one.status.value) for one in sent.store.lists.memberships(contact.id)] == [
        (news.id, "subscribed")
    ]
    sent.say(_hit(10, 200, HitEndpoint.PREFERENCES, opens="on", clicks="off", lists=f"{news.id:016x}-"))
    sent.digest().catch_up()
    [left] = sent.store.lists.memberships(contact.id)
    assert left.status.value == "unsubscribed"
    now = sent.store.contacts.get(contact.id)
    assert now.opens_consent == ""
    assert now.clicks_consent == "withdrawn"


def test_one_request_for_ones_data_a_day(sent: World) -> None:
    sent.say(_hit(10, 100, HitEndpoint.PREFERENCES, report="1"), _hit(20, 200, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    [request] = sent.store.privacy.open_requests()
    assert request.address == "bob@example.org"
    assert request.copy == 10
    assert request.at == 100
    sent.store.privacy.answered("bob@example.org", 300)
    a_day = 86_400_000_000
    sent.say(_hit(20, a_day, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    assert sent.store.privacy.open_requests() == []
    sent.say(_hit(20, a_day + 301, HitEndpoint.PREFERENCES, report="1"))
    sent.digest().catch_up()
    assert len(sent.store.privacy.open_requests()) == 1


@pytest.mark.parametrize(("via", "kind"), [(Via.RELAY, Kind.MESSAGE), (Via.CAMPAIGN, Kind.CAMPAIGN)])
def test_a_changed_link_is_known_by_what_its_tokens_say(store: Store, via: Via, kind: Kind) -> None:
    message = Message(id=5, user=1, message_id="", subject="", sender="", mail_from="", via=via, created_at=1)
    links = (Link(5, 0, "https://a.example/"), Link(5, 1, "tel:1", tracked=False, reason="scheme"))
    store.digest.apply(Batch(submissions=[Submission(message, links, ())]))
    replace_link(store, SystemClock(), 5, 0, "https://b.example/x")
    assert store.privacy.revocations().links == {(kind, 5, 0): "https://b.example/x"}
    stop_link(store, SystemClock(), 5, 0)
    assert store.privacy.revocations().links == {(kind, 5, 0): ""}
    restore_link(store, 5, 0)
    assert store.privacy.revocations().links == {}
    with pytest.raises(InputError, match="not tracked"):
        stop_link(store, SystemClock(), 5, 1)
    with pytest.raises(NotFoundError, match="its links: 0, 1"):
        stop_link(store, SystemClock(), 5, 2)
    for bad in ("javascript:alert(1)", "https://", "https://a@b.example/", "https://b.example/\\x", "//b.example"):
        with pytest.raises(InputError, match="not a valid destination"):
            replace_link(store, SystemClock(), 5, 0, bad)
