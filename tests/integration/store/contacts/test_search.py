"""A search finds what reading every contact would find, on both engines."""

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.words import MemberStatus
from postlude.store import Store
from postlude.store.contacts.search import find_contacts

_PEOPLE = {
    "anna.berg@example.org": "Anna Berg",
    "son4711@example.com": "",
    "SON@Example.net": "Östen Müller",
    'quote"d@example.org': 'Q. "Uote" 100%',
    "info@münchen.example": "Amt_München",
}


@pytest.fixture
def filled(store: Store) -> Store:
    for number, (address, name) in enumerate(_PEOPLE.items()):
        store.contacts.add(address, number + 1, name=name)
    return store


def _found(store: Store, text: str) -> list[str]:
    page = store.contacts.page(text)
    assert store.contacts.count(text) == len(page)
    return [one.spelled.partition("@")[0] for one in page]


@pytest.mark.parametrize(
    ("text", "people"),
    [
        ("son4711", ["son4711"]),
        ("SON", ["SON", "son4711"]),
        ("so", ["SON", "son4711"]),
        ("berg", ["anna.berg"]),
        ("a berg", ["anna.berg"]),
        ("@example.org", ['quote"d', "anna.berg"]),
        ("example.", ['quote"d', "SON", "son4711", "anna.berg"]),
        ('"d@', ['quote"d']),
        ("100%", ['quote"d']),
        ("amt_m", ["info"]),
        ("amt-m", []),
        ("müller", ["SON"]),
        ("münchen", ["info"]),
        ("bergson", []),
        ("a and b", []),
        ("nea", []),
    ],
)
def test_parts_of_addresses_and_names_are_found(filled: Store, text: str, people: list[str]) -> None:
    assert _found(filled, text) == people


def test_changes_are_found_and_what_was_is_not(filled: Store) -> None:
    anna = filled.contacts.page("anna")[0]
    filled.contacts.change(anna.id, 9, spelled="carol@example.org", name="Carol Lind")
    assert _found(filled, "carol") == ["carol"]
    assert _found(filled, "lind") == ["carol"]
    assert _found(filled, "anna") == []
    filled.contacts.erase(anna.id, 9)
    assert _found(filled, "carol") == []


def test_pages_follow_each_other(store: Store) -> None:
    for number in range(7):
        store.contacts.add(f"member{number}@example.org", number + 1)
    first = store.contacts.page("member", limit=3)
    second = store.contacts.page("member", before=first[-1].id, limit=3)
    assert [one.address[6] for one in first + second] == list("654321")


def test_a_count_may_stop(store: Store) -> None:
    for number in range(7):
        store.contacts.add(f"member{number}@example.org", number + 1)
    assert store.contacts.count("member", most=3) == 4
    assert store.contacts.count("member", most=30) == 7
    assert store.contacts.count(most=3) == 7


def test_search_is_within_a_list_and_a_tag(filled: Store) -> None:
    at = SystemClock().now()
    anna, son = filled.contacts.page("anna")[0], filled.contacts.page("son4711")[0]
    news = filled.lists.add("News", at)
    filled.lists.put_member(news.id, anna.id, MemberStatus.SUBSCRIBED, at)
    tag = filled.contacts.tag("VIP")
    filled.contacts.tag_contact(tag, son.id)
    assert [one.id for one in filled.contacts.page("example", list_id=news.id)] == [anna.id]
    assert filled.contacts.count("example", list_id=news.id) == 1
    assert [one.id for one in filled.contacts.page("example", tag=tag)] == [son.id]


def test_sqlite_asks_its_index_for_three_letters_or_more(filled: Store) -> None:
    database = filled.contacts._database
    for text, indexed in (("son", True), ("so", False), ("öst", False)):
        source = str(find_contacts(database, text).source)
        assert ("contact_words" in source) == (indexed and database.sqlite)
