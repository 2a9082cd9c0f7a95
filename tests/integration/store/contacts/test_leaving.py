"""Who left is not mailed again, whatever is deleted, erased or imported later."""

import pytest

from postlude.model.words import MemberStatus
from postlude.segments.expression import Did, Not
from postlude.store import Store
from postlude.store.contacts.rows import Audience, Contact

DAY = 86_400_000_000


@pytest.fixture
def news(store: Store) -> int:
    return store.lists.add("News", DAY).id


@pytest.fixture
def alice(store: Store, news: int) -> Contact:
    """Alice was on News, and left it."""
    made = store.contacts.add("alice@example.org", DAY)
    store.lists.put_member(news, made.id, MemberStatus.SUBSCRIBED, DAY)
    store.lists.put_member(news, made.id, MemberStatus.UNSUBSCRIBED, 2 * DAY)
    return made


def _mailed(store: Store, audience: Audience) -> list[str]:
    return [one.contact.address for one in store.contacts.audience_page(audience)]


@pytest.mark.usefixtures("alice")
def test_a_mailing_to_everyone_leaves_her_out(store: Store) -> None:
    assert _mailed(store, Audience(everyone=True)) == []


def test_a_tag_does_not_bring_her_back(store: Store, alice: Contact) -> None:
    vip = store.contacts.tag("vip")
    store.contacts.tag_contact(vip, alice.id)
    assert _mailed(store, Audience(tags=[vip])) == []


@pytest.mark.usefixtures("alice")
def test_a_follow_up_leaves_her_out(store: Store) -> None:
    assert _mailed(store, Audience(segment=Not(Did("opened")))) == []


def test_choosing_her_by_hand_leaves_her_out(store: Store, alice: Contact) -> None:
    assert _mailed(store, Audience(contacts=[alice.id])) == []


@pytest.mark.usefixtures("alice")
def test_deleting_the_list_does_not_delete_her_wish(store: Store, news: int) -> None:
    store.lists.delete(news)
    assert _mailed(store, Audience(everyone=True)) == []


def test_another_list_that_she_is_on_goes_on(store: Store, alice: Contact) -> None:
    other = store.lists.add("Club", DAY).id
    store.lists.put_member(other, alice.id, MemberStatus.SUBSCRIBED, DAY)
    assert _mailed(store, Audience(lists=[other])) == ["alice@example.org"]


@pytest.mark.usefixtures("alice")
def test_how_many_are_left_out_is_told(store: Store) -> None:
    store.contacts.add("bob@example.org", DAY)
    assert store.contacts.audience_count(Audience(everyone=True)) == 1
    assert store.contacts.audience_left(Audience(everyone=True)) == 1


def test_coming_back_by_her_own_word_ends_it(store: Store, alice: Contact, news: int) -> None:
    store.lists.put_member(news, alice.id, MemberStatus.SUBSCRIBED, 3 * DAY)
    assert _mailed(store, Audience(everyone=True)) == ["alice@example.org"]


def test_erased_and_added_again_she_is_not_mailed(store: Store, alice: Contact) -> None:
    store.contacts.erase(alice.id, 3 * DAY)
    store.contacts.add("alice@example.org", 4 * DAY)
    assert _mailed(store, Audience(everyone=True)) == []


def test_nothing_of_the_erased_address_stays(store: Store, alice: Contact) -> None:
    store.contacts.erase(alice.id, 3 * DAY)
    assert store.contacts.by_address("alice@example.org") is None
    assert store.suppressions.get("alice@example.org") is None


def test_asked_to_come_back_she_has_not_come_back_yet(store: Store, alice: Contact, news: int) -> None:
    store.lists.put_member(news, alice.id, MemberStatus.PENDING, 3 * DAY)
    assert _mailed(store, Audience(everyone=True)) == []


def test_asked_to_come_back_to_a_list_that_is_deleted_she_stays_away(store: Store, alice: Contact, news: int) -> None:
    store.lists.put_member(news, alice.id, MemberStatus.PENDING, 3 * DAY)
    store.lists.delete(news)
    assert _mailed(store, Audience(everyone=True)) == []


def test_the_address_she_gave_up_is_not_mailed_when_it_comes_back(store: Store, alice: Contact) -> None:
    store.contacts.change(alice.id, 3 * DAY, spelled="alice@elsewhere.example")
    store.contacts.add("alice@example.org", 4 * DAY)
    assert _mailed(store, Audience(everyone=True)) == []


def test_changing_the_spelling_of_her_address_ends_nothing_else(store: Store, alice: Contact) -> None:
    store.contacts.change(alice.id, 3 * DAY, spelled="Alice@example.org")
    assert store.suppressions.get("alice@example.org") is None


def test_erased_while_she_is_on_another_list_she_is_not_mailed_by_the_one_she_left(
    store: Store, alice: Contact, news: int
) -> None:
    other = store.lists.add("Club", DAY).id
    store.lists.put_member(other, alice.id, MemberStatus.SUBSCRIBED, DAY)
    store.contacts.erase(alice.id, 3 * DAY)
    again = store.contacts.add("alice@example.org", 4 * DAY)
    store.lists.put_member(news, again.id, MemberStatus.SUBSCRIBED, 4 * DAY)
    assert _mailed(store, Audience(lists=[news])) == []


def test_on_another_list_she_has_left_the_first_all_the_same(store: Store, alice: Contact, news: int) -> None:
    other = store.lists.add("Club", DAY).id
    store.lists.put_member(other, alice.id, MemberStatus.SUBSCRIBED, DAY)
    assert store.lists.has_left(alice.id, news)
    assert not store.lists.has_left(alice.id, other)
