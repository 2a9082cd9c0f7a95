"""A button pressed on a confirmation page makes the subscription, with its proof, once."""

from typing import Any

from postlude.model.observation import Hit
from postlude.model.words import Consent, EventKind, HitEndpoint, MemberStatus

World = Any  # conftest.World: tests are found by path and cannot import one another


def _hit(endpoint: HitEndpoint, list_id: int, contact: int, at: int) -> Hit:
    return Hit(at, endpoint, 3, list_id, contact, -1, "POST", "Firefox/150.0", "192.0.2.0", {}, {})


def test_the_button_confirms_once_and_never_undoes_a_later_wish(world: World) -> None:
    store = world.store
    news = store.lists.add("News", 1, consent_text="Monthly news")
    anna, bob = (store.contacts.add(f"{name}@example.org", 1) for name in ("anna", "bob"))
    store.lists.put_member(news.id, anna.id, MemberStatus.PENDING, 5)
    digest = world.digest()
    world.say(_hit(HitEndpoint.CONFIRM_PAGE, news.id, anna.id, 10))
    digest.catch_up()
    assert store.lists.memberships(anna.id)[0].status is MemberStatus.PENDING  # a scanner looked at the link

    world.say(_hit(HitEndpoint.CONFIRM, news.id, anna.id, 20), _hit(HitEndpoint.CONFIRM, news.id, anna.id, 30))
    world.say(_hit(HitEndpoint.CONFIRM, news.id, bob.id, 30), _hit(HitEndpoint.CONFIRM, 99, 98, 30))
    digest.catch_up()
    [mine] = store.lists.memberships(anna.id)
    assert mine.status == MemberStatus.SUBSCRIBED
    assert mine.subscribed_at == 20
    [entry] = store.contacts.consent_log(anna.id)
    assert entry.state == Consent.GIVEN
    assert entry.proof.how == "confirmed by mail"
    assert entry.proof.text == "Monthly news"
    assert "192.0.2.0" in entry.proof.evidence
    assert store.lists.memberships(bob.id) == []  # nobody asked for him
    assert world.history.since(0, list(EventKind)) == []  # no copy was opened by it

    store.lists.put_member(news.id, anna.id, MemberStatus.UNSUBSCRIBED, 40)
    world.say(_hit(HitEndpoint.CONFIRM, news.id, anna.id, 50))
    digest.catch_up()
    assert store.lists.memberships(anna.id)[0].status is MemberStatus.UNSUBSCRIBED
    assert store.digest.outcomes() == {"counted": 6}
