import pytest

from postlude.model.errors import InputError, NotFoundError
from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.store import Confirmation, Store

DAY = 86_400_000_000


def test_an_address_is_found_in_any_case_of_letters(store: Store) -> None:
    made = store.contacts.add("Alice.A@example.org", DAY, name="Alice", fields={"city": "Köln", "age": 40})
    assert made.address == "alice.a@example.org"
    assert made.spelled == "Alice.A@example.org"
    assert made.fields == {"city": "Köln", "age": 40}
    assert store.contacts.by_address("ALICE.A@example.ORG") == made
    assert store.contacts.fields() == ["age", "city"]


def test_an_address_is_one_contact_in_any_case_of_letters(store: Store) -> None:
    store.contacts.add("Alice.A@example.org", DAY)
    with pytest.raises(InputError, match="already"):
        store.contacts.add("ALICE.A@EXAMPLE.org", DAY)


def test_an_address_is_not_changed_to_another_contacts(store: Store) -> None:
    store.contacts.add("Alice.A@example.org", DAY)
    bob = store.contacts.add("bob@example.org", DAY)
    with pytest.raises(InputError, match="another contact"):
        store.contacts.change(bob.id, DAY, spelled="alice.a@example.org")


def test_an_address_is_changed(store: Store) -> None:
    bob = store.contacts.add("bob@example.org", DAY)
    changed = store.contacts.change(bob.id, 2 * DAY, spelled="Bobby@example.org", fields={"team": "blue"})
    assert changed.address == "bobby@example.org"
    assert changed.updated_at == 2 * DAY


def test_a_contact_that_never_was_is_not_changed(store: Store) -> None:
    with pytest.raises(NotFoundError):
        store.contacts.change(1, DAY, name="nobody")


def test_search_pages_from_the_newest_and_takes_wildcards_literally(store: Store) -> None:
    made = [store.contacts.add(f"p{number}@example.org", DAY + number, name="Zoë Pct%") for number in range(5)]
    store.contacts.add("other@example.net", DAY)
    first = store.contacts.page("example.org", limit=2)
    assert [one.address for one in first] == ["p4@example.org", "p3@example.org"]
    rest = store.contacts.page("example.org", before=first[-1].id)
    assert [one.id for one in rest] == [made[2].id, made[1].id, made[0].id]
    assert store.contacts.count("pct%") == 5
    assert store.contacts.count("p_") == 0
    assert store.contacts.count() == 6


def confirm(store: Store, list_id: int, contact: int, at: int) -> bool:
    with store._database.write() as connection:
        return store.lists.confirm_membership(connection, Confirmation(list_id, contact, at, "button"))


@pytest.mark.parametrize(("name", "reason"), [("news ", "already"), ("  ", "name")])
def test_a_list_has_a_name_of_its_own(store: Store, name: str, reason: str) -> None:
    store.lists.add("News", DAY)
    with pytest.raises(InputError, match=reason):
        store.lists.add(name, DAY)


@pytest.fixture
def asked(store: Store) -> tuple[int, int]:
    """A list, and a contact who was asked to confirm that they want it."""
    news, alice = store.lists.add("News", DAY), store.contacts.add("alice@example.org", DAY)
    store.lists.put_member(news.id, alice.id, MemberStatus.PENDING, DAY)
    return news.id, alice.id


def test_who_confirms_is_subscribed(store: Store, asked: tuple[int, int]) -> None:
    news, alice = asked
    assert confirm(store, news, alice, 2 * DAY)
    [mine] = store.lists.memberships(alice)
    assert mine.status == MemberStatus.SUBSCRIBED
    assert mine.asked_at == DAY
    assert mine.subscribed_at == 2 * DAY
    assert [one.id for one in store.contacts.page(list_id=news)] == [alice]


def test_a_confirmation_is_proof_of_consent(store: Store, asked: tuple[int, int]) -> None:
    news, alice = asked
    confirm(store, news, alice, 2 * DAY)
    [entry] = store.contacts.consent_log(alice)
    assert entry.proof.how == "confirmed by mail"
    assert entry.proof.source == "News"
    assert entry.proof.evidence == "button"


def test_a_confirmation_counts_once(store: Store, asked: tuple[int, int]) -> None:
    confirm(store, *asked, 2 * DAY)
    assert not confirm(store, *asked, 3 * DAY)


def test_an_old_link_does_not_undo_leaving(store: Store, asked: tuple[int, int]) -> None:
    news, alice = asked
    store.lists.put_member(news, alice, MemberStatus.UNSUBSCRIBED, 4 * DAY)
    assert not confirm(store, news, alice, 5 * DAY)
    assert store.lists.totals()[news].unsubscribed == 1


def test_a_deleted_list_has_no_members(store: Store, asked: tuple[int, int]) -> None:
    news, alice = asked
    assert store.lists.delete(news)
    assert store.lists.memberships(alice) == []


def test_tags_are_one_in_any_case(store: Store) -> None:
    vip = store.contacts.tag("VIP")
    assert store.contacts.tag(" vip") == vip
    assert store.contacts.find_tag("Vip") == vip
    assert store.contacts.find_tag("nobody") is None
    alice = store.contacts.add("alice@example.org", DAY)
    store.contacts.tag_contact(vip, alice.id)
    store.contacts.tag_contact(vip, alice.id)
    assert store.contacts.tags_of([alice.id]) == {alice.id: ["VIP"]}
    assert store.contacts.page(tag=vip) == [alice]
    assert store.contacts.untag_contact(vip, alice.id)
    assert not store.contacts.untag_contact(vip, alice.id)


def test_consent_keeps_every_change_with_its_proof(store: Store) -> None:
    alice = store.contacts.add("alice@example.org", DAY)
    both = {Purpose.MAIL: Consent.GIVEN, Purpose.OPENS: Consent.GIVEN}
    store.contacts.record_consent(alice.id, both, DAY, how="by hand", source="paper form", text="I want it", by="carol")
    store.contacts.record_consent(alice.id, {Purpose.OPENS: Consent.WITHDRAWN}, 2 * DAY, how="preferences page")
    now = store.contacts.get(alice.id)
    assert now.mail_consent == Consent.GIVEN
    assert now.opens_consent == Consent.WITHDRAWN
    assert now.clicks_consent == Consent.UNKNOWN
    log = store.contacts.consent_log(alice.id)
    assert [(one.purpose, one.state, one.proof.how) for one in log] == [
        (Purpose.OPENS, Consent.WITHDRAWN, "preferences page"),
        (Purpose.MAIL, Consent.GIVEN, "by hand"),
        (Purpose.OPENS, Consent.GIVEN, "by hand"),
    ]
    assert log[1].proof.source == "paper form"


def test_erasing_forgets_everything_but_the_suppression(store: Store) -> None:
    news, alice = store.lists.add("News", DAY), store.contacts.add("alice@example.org", DAY)
    store.lists.put_member(news.id, alice.id, MemberStatus.SUBSCRIBED, DAY)
    store.contacts.tag_contact(store.contacts.tag("vip"), alice.id)
    store.contacts.record_consent(alice.id, {Purpose.MAIL: Consent.GIVEN}, DAY, how="by hand")
    store.suppressions.add("alice@example.org", "manual", at=DAY)
    assert store.contacts.erase(alice.id, DAY)
    assert not store.contacts.erase(alice.id, DAY)
    assert store.contacts.by_address("alice@example.org") is None
    assert store.lists.memberships(alice.id) == []
    assert store.contacts.consent_log(alice.id) == []
    assert store.contacts.tags_of([alice.id]) == {}
    assert store.suppressions.get("alice@example.org") is not None


def test_a_choice_on_the_preferences_page_joins_public_lists_only(store: Store) -> None:
    news = store.lists.add("News", DAY, public=True, consent_text="Monthly news")
    inner = store.lists.add("Inner", DAY)
    assert [one.id for one in store.lists.public()] == [news.id]
    with store._database.write() as connection:
        assert store.lists.choose_membership(
            connection, "Dora@example.org", news.id, on=True, at=DAY, evidence="copy 1"
        )
        assert not store.lists.choose_membership(
            connection, "dora@example.org", inner.id, on=True, at=DAY, evidence="copy 1"
        )
        assert store.lists.choose_membership(
            connection, "dora@example.org", news.id, on=False, at=3 * DAY, evidence="copy 2"
        )
        assert not store.lists.choose_membership(
            connection, "dora@example.org", news.id, on=True, at=2 * DAY, evidence="late"
        )
    dora = store.contacts.by_address("dora@example.org")
    assert dora is not None
    assert [one.status for one in store.lists.memberships(dora.id)] == [MemberStatus.UNSUBSCRIBED]
    assert store.contacts.consent_log(dora.id)[0].proof.text == "Monthly news"
