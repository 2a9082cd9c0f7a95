"""A button pressed on a confirmation page makes the subscription, with its proof, once."""

from typing import Any

import pytest

from postlude.model.observation import Hit
from postlude.model.words import Consent, EventKind, HitEndpoint, MemberStatus

World = Any  # conftest.World: tests are found by path and cannot import one another


def _hit(endpoint: HitEndpoint, list_id: int, contact: int, at: int) -> Hit:
    return Hit(at, endpoint, 3, list_id, contact, -1, "POST", "Firefox/150.0", "192.0.2.0", {}, {})


@pytest.fixture
def asked(world: World) -> tuple[int, int]:
    """A list, and Anna, who was asked to confirm that she wants it."""
    news = world.store.lists.add("News", 1, consent_text="Monthly news")
    anna = world.store.contacts.add("anna@example.org", 1)
    world.store.lists.put_member(news.id, anna.id, MemberStatus.PENDING, 5)
    return news.id, anna.id


def digested(world: World, *hits: Hit) -> None:
    world.say(*hits)
    world.digest().catch_up()


def test_looking_at_the_page_confirms_nothing(world: World, asked: tuple[int, int]) -> None:
    digested(world, _hit(HitEndpoint.CONFIRM_PAGE, *asked, 10))  # a scanner followed the link
    assert world.store.lists.memberships(asked[1])[0].status is MemberStatus.PENDING


def test_the_button_confirms_once(world: World, asked: tuple[int, int]) -> None:
    digested(world, _hit(HitEndpoint.CONFIRM, *asked, 20), _hit(HitEndpoint.CONFIRM, *asked, 30))
    [mine] = world.store.lists.memberships(asked[1])
    assert mine.status == MemberStatus.SUBSCRIBED
    assert mine.subscribed_at == 20
    assert world.history.since(0, list(EventKind)) == []  # no copy was opened by it
    assert world.store.digest.outcomes() == {"counted": 2}


def test_confirming_is_proof_of_consent(world: World, asked: tuple[int, int]) -> None:
    digested(world, _hit(HitEndpoint.CONFIRM, *asked, 20))
    [entry] = world.store.contacts.consent_log(asked[1])
    assert entry.state == Consent.GIVEN
    assert entry.proof.how == "confirmed by mail"
    assert entry.proof.text == "Monthly news"
    assert "192.0.2.0" in entry.proof.evidence


def test_the_button_confirms_nothing_that_was_not_asked(world: World, asked: tuple[int, int]) -> None:
    bob = world.store.contacts.add("bob@example.org", 1)
    digested(world, _hit(HitEndpoint.CONFIRM, asked[0], bob.id, 30), _hit(HitEndpoint.CONFIRM, 99, 98, 30))
    assert world.store.lists.memberships(bob.id) == []
    assert world.store.digest.outcomes() == {"counted": 2}


def test_the_button_never_undoes_a_later_wish(world: World, asked: tuple[int, int]) -> None:
    world.store.lists.put_member(*asked, MemberStatus.UNSUBSCRIBED, 40)
    digested(world, _hit(HitEndpoint.CONFIRM, *asked, 50))
    assert world.store.lists.memberships(asked[1])[0].status is MemberStatus.UNSUBSCRIBED
