import pytest

from postlude.model.errors import NotFoundError
from postlude.model.words import Via
from postlude.store import Alias, Batch, Copy, Link, Message, Store, Submission


def _submission(number: int, *recipients: str, user: int = 7) -> Submission:
    message = Message(
        id=number,
        user=user,
        message_id=f"<m{number}@example.org>",
        subject="Grüße \U0001f600",
        sender="Alice@example.org",
        mail_from="alice@example.org",
        via=Via.WEB,
        created_at=number * 1000,
        clicks=False,
    )
    copies = tuple(Copy(number * 100 + i, number, recipient) for i, recipient in enumerate(recipients))
    links = (
        Link(number, 1, "mailto:x@y.z", tracked=False, reason="scheme"),
        Link(number, 0, "https://e.org/?a=1&b=2", "Buy"),
    )
    return Submission(message, links, copies)


@pytest.fixture
def filled(store: Store) -> Store:
    store.digest.apply(
        Batch(
            submissions=[
                _submission(1, "Bob@Example.org", "carol@example.org"),
                _submission(2, "bob@example.org", user=8),
                _submission(3, "dave@example.org"),
            ],
            aliases=[Alias("<other@ses>", 3), Alias("one@ses", 1, 101)],
        )
    )
    return store


def test_rows_come_back_as_they_were(filled: Store) -> None:
    message = filled.messages.get(1)
    assert message.message_id == "m1@example.org"
    assert message.subject == "Grüße \U0001f600"
    assert message.via == Via.WEB
    assert message.opens is True
    assert message.clicks is False
    assert [copy.recipient for copy in filled.messages.copies(1)] == ["Bob@Example.org", "carol@example.org"]
    assert [(link.position, link.url, link.tracked) for link in filled.messages.links(1)] == [
        (0, "https://e.org/?a=1&b=2", True),
        (1, "mailto:x@y.z", False),
    ]
    assert filled.messages.first_recipients([1, 3], 1) == {1: ("Bob@Example.org",), 3: ("dave@example.org",)}


def test_what_is_not_there_is_named(filled: Store) -> None:
    with pytest.raises(NotFoundError):
        filled.messages.get(9)
    with pytest.raises(NotFoundError):
        filled.messages.copy(9)
    assert filled.messages.copies_by_id([100, 9]).keys() == {100}


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("BOB@example.org", [2, 1]),
        ("alice@EXAMPLE.org", [3, 2, 1]),
        ("<m2@example.org>", [2]),
        ("m3@example.org", [3]),
        ("other@ses", [3]),
        ("one@ses", [1]),
        ("nobody@example.org", []),
    ],
)
def test_find(filled: Store, query: str, found: list[int]) -> None:
    assert filled.messages.find(query) == found


def test_copies_by_any_message_id(filled: Store) -> None:
    def ids(*texts: str) -> set[int]:
        return {copy.id for copy in filled.messages.copies_by_message_id(texts)}

    assert ids("<m1@example.org>") == {100, 101}
    assert ids("one@ses") == {101}
    assert ids("<other@ses>", "m2@example.org") == {200, 300}
    assert ids("unknown@ses") == set()


def test_copies_to_an_address_since(filled: Store) -> None:
    assert [copy.id for copy in filled.messages.copies_to("bob@example.org")] == [200, 100]
    assert [copy.id for copy in filled.messages.copies_to("bob@example.org", since=1500)] == [200]


def test_pages_go_on_where_the_last_one_ended(filled: Store) -> None:
    assert [one.id for one in filled.messages.page(limit=2)] == [3, 2]
    assert [one.id for one in filled.messages.page(before=2, limit=2)] == [1]
    assert [one.id for one in filled.messages.page(user=7)] == [3, 1]
    assert filled.messages.page(before=99) == []


@pytest.mark.parametrize(("size", "parts"), [(1, [[1], [3]]), (2, [[1, 3]]), (5, [[1, 3]])])
def test_a_users_messages_come_in_parts(filled: Store, size: int, parts: list[list[int]]) -> None:
    assert [[one.id for one in some] for some in filled.messages.in_parts(7, size)] == parts


def test_all_messages_come_in_order(filled: Store) -> None:
    assert [one.id for one in filled.messages.in_order(limit=2)] == [1, 2]
    assert [one.id for one in filled.messages.in_order(after=2)] == [3]
    assert [one.id for one in filled.messages.in_order(user=7)] == [1, 3]
