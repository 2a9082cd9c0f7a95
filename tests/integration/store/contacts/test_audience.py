import pytest

from postlude.model.event import Event
from postlude.model.words import Consent, EventKind, MemberStatus, Purpose, SendOutcome, Verdict, Via
from postlude.segments.expression import Did, Everyone, FieldIs, Not
from postlude.store import AttemptResult, Batch, Copy, CopySuppression, Message, Store, Submission
from postlude.store.contacts.rows import Audience, Contact
from support.present import present

DAY = 86_400_000_000


@pytest.fixture
def people(store: Store) -> dict[str, Contact]:
    """Alice, Bob and Charlie are on News; Bob withdrew his consent, Charlie is suppressed; Dora is on no list."""
    news = store.lists.add("News", DAY)
    found = {}
    for name in ("alice", "bob", "charlie", "dora"):
        found[name] = store.contacts.add(f"{name}@example.org", DAY, fields={"city": "Köln" if name < "c" else "Bonn"})
        if name != "dora":
            store.lists.put_member(news.id, found[name].id, MemberStatus.SUBSCRIBED, DAY)
    store.contacts.record_consent(found["bob"].id, {Purpose.MAIL: Consent.WITHDRAWN}, DAY, how="by hand")
    store.suppressions.add("charlie@example.org", "complained")
    return found


def names(store: Store, audience: Audience) -> list[str]:
    page = store.contacts.audience_page(audience)
    assert store.contacts.audience_count(audience) == len(page)
    return [one.contact.address.partition("@")[0] for one in page]


@pytest.mark.usefixtures("people")
def test_nobody_is_in_an_empty_audience(store: Store) -> None:
    assert names(store, Audience()) == []


def test_suppressed_and_withdrawn_are_never_in_it(store: Store, people: dict[str, Contact]) -> None:
    news = store.lists.by_name("news")
    assert news is not None
    assert names(store, Audience(everyone=True)) == ["alice", "dora"]
    [alice] = store.contacts.audience_page(Audience(lists=[news.id]))
    assert alice.contact.address == "alice@example.org"
    assert alice.list == news.id
    store.lists.put_member(news.id, people["alice"].id, MemberStatus.PENDING, DAY)
    assert names(store, Audience(lists=[news.id])) == []


def test_parts_are_joined_by_and(store: Store, people: dict[str, Contact]) -> None:
    vip = store.contacts.tag("vip")
    store.contacts.tag_contact(vip, people["dora"].id)
    news = store.lists.by_name("news")
    assert news is not None
    assert names(store, Audience(tags=[vip])) == ["dora"]
    assert names(store, Audience(tags=[vip], lists=[news.id])) == []
    assert names(store, Audience(everyone=True, without_tags=[vip])) == ["alice"]
    assert names(store, Audience(everyone=True, without_lists=[news.id])) == ["dora"]
    assert names(store, Audience(segment=FieldIs("city", "=", "Bonn", custom=True))) == ["dora"]
    assert names(store, Audience(contacts=[people["bob"].id, people["dora"].id])) == ["dora"]
    assert names(store, Audience(everyone=True, consented=True)) == []
    store.contacts.record_consent(people["dora"].id, {Purpose.MAIL: Consent.GIVEN}, DAY, how="by hand")
    assert names(store, Audience(everyone=True, consented=True)) == ["dora"]


@pytest.mark.usefixtures("people")
def test_pages_follow_the_ids(store: Store) -> None:
    first = store.contacts.audience_page(Audience(everyone=True), limit=1)
    second = store.contacts.audience_page(Audience(everyone=True), after=first[-1].contact.id)
    assert [one.contact.address for one in (*first, *second)] == ["alice@example.org", "dora@example.org"]


def send(store: Store, message: int, contacts: list[Contact], at: int, list_id: int | None = None) -> list[int]:
    row = Message(id=message, user=1, message_id="", subject="", sender="", mail_from="", via=Via.WEB, created_at=at)
    sent = [
        Copy(message * 10 + n, message, one.spelled, contact=one.id, list=list_id) for n, one in enumerate(contacts)
    ]
    attempts = [AttemptResult(copy.id, SendOutcome.ACCEPTED, at, 1) for copy in sent]
    store.digest.apply(Batch(submissions=[Submission(row, (), tuple(sent))], attempts=attempts))
    return [copy.id for copy in sent]


def test_what_people_did_and_machines_do_not_count(store: Store, people: dict[str, Contact]) -> None:
    one, two = send(store, 7, [people["alice"], people["dora"]], DAY)
    seen = Event(1, EventKind.OPENED, 2 * DAY, 7, one, verdict=Verdict.HUMAN)
    scanned = Event(2, EventKind.OPENED, 2 * DAY, 7, two, verdict=Verdict.MACHINE)
    store.digest.apply(Batch(events=[seen, scanned]))
    assert names(store, Audience(segment=Did("opened"))) == ["alice"]
    assert names(store, Audience(segment=Not(Did("opened")))) == ["dora"]


def test_parts_and_a_segment_are_joined_by_and(store: Store, people: dict[str, Contact]) -> None:
    news = store.lists.by_name("news")
    assert news is not None
    both = Audience(lists=[news.id], segment=Not(FieldIs("city", "=", "Bonn", custom=True)))
    assert names(store, both) == ["alice"]
    assert names(store, Audience(lists=[news.id], segment=Not(Everyone()))) == []
    assert people["alice"].id


def _news(store: Store) -> int:
    return present(store.lists.by_name("news")).id


def _leave(store: Store, copy: int, day: int) -> None:
    """The recipient of a copy asks, on this day, for no more mail of its list."""
    store.digest.apply(Batch(suppress=[CopySuppression(copy, "unsubscribed", "https", day * DAY, only_list=True)]))


def test_unsubscribing_a_campaigns_copy_ends_the_membership_it_came_by(
    store: Store, people: dict[str, Contact]
) -> None:
    other = store.lists.add("Other", DAY)
    store.lists.put_member(other.id, people["alice"].id, MemberStatus.SUBSCRIBED, DAY)
    [copy] = send(store, 8, [people["alice"]], DAY, _news(store))
    _leave(store, copy, 5)
    by_list = {one.list: one for one in store.lists.memberships(people["alice"].id)}
    assert by_list[_news(store)].status == MemberStatus.UNSUBSCRIBED
    assert by_list[_news(store)].unsubscribed_at == 5 * DAY
    assert by_list[_news(store)].copy == copy
    assert by_list[other.id].status is MemberStatus.SUBSCRIBED
    assert store.suppressions.get("alice@example.org") is None


def test_who_leaves_a_list_twice_left_it_the_first_time(store: Store, people: dict[str, Contact]) -> None:
    [copy] = send(store, 8, [people["alice"]], DAY, _news(store))
    for day in (5, 6):
        _leave(store, copy, day)
    [left] = [one for one in store.lists.memberships(people["alice"].id) if one.list == _news(store)]
    assert left.unsubscribed_at == 5 * DAY


def test_a_complaint_about_a_campaigns_copy_ends_all_mailings(store: Store, people: dict[str, Contact]) -> None:
    [copy] = send(store, 8, [people["alice"]], DAY, _news(store))
    store.digest.apply(Batch(suppress=[CopySuppression(copy, "complained", "arf", 7 * DAY)]))
    assert store.suppressions.get("alice@example.org") is not None


def test_unsubscribing_a_copy_that_came_by_no_list_ends_all_mailings(store: Store, people: dict[str, Contact]) -> None:
    [single] = send(store, 9, [people["dora"]], DAY)
    _leave(store, single, 5)
    assert store.suppressions.get("dora@example.org") is not None
