"""The one rule of who gets what, asked for single mail, for audiences and for a campaign's copies that are due."""

from collections.abc import Callable

import pytest

from postlude.model.words import Consent, MemberStatus, MessagePurpose, Purpose
from postlude.store import Batch, Resolution, Store, Unmatched
from postlude.store.contacts.rows import Audience, Contact, MailingList

DAY = 86_400_000_000
BOB = "Bob@Example.org"
MAILING, PERSONAL, RECEIPT = MessagePurpose.MAILING, MessagePurpose.PERSONAL, MessagePurpose.TRANSACTIONAL


@pytest.fixture
def news(store: Store) -> MailingList:
    return store.lists.add("News", DAY)


@pytest.fixture
def bob(store: Store) -> Contact:
    return store.contacts.add("bob@example.org", DAY)


def refused(store: Store) -> dict[str, str | None]:
    return {purpose.value: store.contacts.why_not([BOB, "x@y.z"], purpose).get(BOB) for purpose in MessagePurpose}


def in_everyone(store: Store) -> int:
    return store.contacts.audience_count(Audience(everyone=True))


def wish(store: Store, number: int = 1) -> None:
    row = Unmatched(number, DAY, 0, "asks_to_leave", "asks", kind="replied", address="bob@example.org")
    store.digest.apply(Batch(unmatched=[row]))


def left(store: Store, bob: Contact, news: MailingList) -> None:
    store.lists.put_member(news.id, bob.id, MemberStatus.UNSUBSCRIBED, DAY)


def withdrew(store: Store, bob: Contact, _news: MailingList) -> None:
    store.contacts.record_consent(bob.id, {Purpose.MAIL: Consent.WITHDRAWN}, DAY, how="by hand")


@pytest.mark.parametrize(
    ("happens", "reason"),
    [
        (left, "left"),
        (withdrew, "consent_withdrawn"),
        (lambda store, *_: wish(store), "asks_to_leave"),
        (lambda store, *_: store.suppressions.add(BOB, "unsubscribed", at=DAY), "unsubscribed"),
    ],
)
def test_a_wish_ends_mailings_and_receipts_still_leave(
    store: Store, bob: Contact, news: MailingList, happens: Callable[..., object], reason: str
) -> None:
    assert refused(store) == {"personal": None, "transactional": None, "mailing": None}
    assert in_everyone(store) == 1
    happens(store, bob, news)
    assert refused(store) == {"personal": None, "transactional": None, "mailing": reason}
    assert in_everyone(store) == 0


@pytest.mark.parametrize("reason", ["unknown_user", "complained", "manual"])
@pytest.mark.usefixtures("bob")
def test_who_is_gone_or_complained_gets_nothing(store: Store, reason: str) -> None:
    store.suppressions.add(BOB, reason, at=DAY)
    assert set(refused(store).values()) == {reason}
    assert in_everyone(store) == 0


def test_somebody_who_is_no_contact_is_asked_about_as_well(store: Store) -> None:
    assert set(refused(store).values()) == {None}
    wish(store)
    assert refused(store)["mailing"] == "asks_to_leave"


def test_a_wish_waits_until_each_of_its_answers_is_decided_upon(store: Store) -> None:
    wish(store, 1)
    wish(store, 2)
    assert [one.id for one in store.feedback.wishes_to_leave(BOB)] == [1, 2]
    for number in (1, 2):
        assert refused(store)["mailing"] == "asks_to_leave"
        store.digest.apply(Batch(resolutions=[Resolution(number, 0, DAY, 1)]))
    assert refused(store)["mailing"] is None


def test_retention_forgets_what_was_written_and_not_that_somebody_waits(store: Store) -> None:
    wish(store)
    store.feedback.forget_before(2 * DAY)
    [kept] = store.feedback.wishes_to_leave(BOB)
    assert kept.summary == "asks to be taken off"
    assert kept.facts == {}
    store.digest.apply(Batch(resolutions=[Resolution(1, 0, DAY, 1)]))
    store.feedback.forget_before(2 * DAY)
    assert store.feedback.list_unmatched(state="") == []


def test_an_address_that_is_gone_keeps_that_it_had_left(store: Store) -> None:
    assert store.suppressions.add(BOB, "unsubscribed", "https", at=DAY)
    assert store.suppressions.add(BOB, "unknown_user", "smtp 550", at=2 * DAY)  # it ends more than before
    kept = store.suppressions.get(BOB)
    assert kept is not None
    assert kept.reason == "unknown_user"
    assert kept.at == 2 * DAY
    assert kept.left_at == DAY
    assert set(refused(store).values()) == {"unknown_user"}
    assert store.suppressions.remove(BOB)  # the mailbox is there again
    assert refused(store) == {"personal": None, "transactional": None, "mailing": "unsubscribed"}
    assert store.suppressions.remove(BOB)
    assert set(refused(store).values()) == {None}


def test_the_first_reason_stays_and_a_later_wish_is_kept_beside_it(store: Store) -> None:
    store.suppressions.add(BOB, "complained", at=DAY)
    assert not store.suppressions.add(BOB, "unknown_user", at=2 * DAY)
    store.suppressions.add(BOB, "unsubscribed", at=3 * DAY)
    assert not store.suppressions.add(BOB, "unsubscribed", at=4 * DAY)
    kept = store.suppressions.get(BOB)
    assert kept is not None
    assert kept.reason == "complained"
    assert kept.at == DAY
    assert kept.left_at == 3 * DAY


def test_checks_can_count_who_asks(store: Store, bob: Contact, news: MailingList) -> None:
    store.lists.put_member(news.id, bob.id, MemberStatus.SUBSCRIBED, DAY)
    wish(store)
    on_news = Audience(lists=[news.id])
    assert store.contacts.audience_count(on_news) == 0
    assert store.contacts.audience_asking(on_news) == 1
