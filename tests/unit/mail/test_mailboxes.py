from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.mail.mailboxes import read_mailboxes, read_one_mailbox
from postlude.model.address import AddressError, Mailbox
from support.processor import bounded_processor_time


@pytest.mark.parametrize(
    ("typed", "name", "address"),
    [
        ("care@sender.example", "", "care@sender.example"),
        ("Shop <care@sender.example>", "Shop", "care@sender.example"),
        ("A@B Shop <care@sender.example>", "A@B Shop", "care@sender.example"),
        ("Müller: Shop <care@sender.example>", "Müller: Shop", "care@sender.example"),
        ("Doe, Alice <alice@sender.example>", "Doe, Alice", "alice@sender.example"),
        ("Shop; Café <care@sender.example>", "Shop, Café", "care@sender.example"),
        ('"Doe, Alice" <alice@sender.example>', "Doe, Alice", "alice@sender.example"),
        (r'"Sam \"The Man\" Roe" <sam@sender.example>', 'Sam "The Man" Roe', "sam@sender.example"),
        ("O'Hara (Sales) <care@sender.example>", "O'Hara (Sales)", "care@sender.example"),
        ("care@sender.example (Shop)", "Shop", "care@sender.example"),
        ("=?utf-8?q?M=C3=BCller?= <care@sender.example>", "Müller", "care@sender.example"),
        ("Shop <news@münchen.example>", "Shop", "news@xn--mnchen-3ya.example"),
        ("ünïcode@exämple.com", "", "ünïcode@xn--exmple-cua.com"),
        ("\u202acare@sender.example\u202c", "", "care@sender.example"),
        ("\u202eShop\u202c <\u202acare@sender.example\u202c>", "Shop", "care@sender.example"),
        ("care@sender.example <care@sender.example>", "care@sender.example", "care@sender.example"),
        ("Shop<care@sender.example>", "Shop", "care@sender.example"),
        ("می\u200cشود <ali@sender.example>", "می\u200cشود", "ali@sender.example"),
        ('"john doe"@sender.example', "", '"john doe"@sender.example'),
        (" \t<care@sender.example>, ", "", "care@sender.example"),
    ],
)
def test_one_mailbox_as_people_type_it(typed: str, name: str, address: str) -> None:
    assert read_one_mailbox(typed) == (address, name)


@pytest.mark.parametrize(
    ("typed", "addresses"),
    [
        ("a@x.example, b@y.example", ["a@x.example", "b@y.example"]),
        ("b@y.example; a@x.example", ["b@y.example", "a@x.example"]),
        ("a@x.example\r\nb@y.example\r\n", ["a@x.example", "b@y.example"]),
        ("a@x.example b@y.example", ["a@x.example", "b@y.example"]),
        ("Doe, A <a@x.example>, b@y.example, C <c@z.example>", ["a@x.example", "b@y.example", "c@z.example"]),
        ("a@x.example, Shop, Inc. <b@y.example>", ["a@x.example", "b@y.example"]),
        ("<a@x.example> <b@y.example>", ["a@x.example", "b@y.example"]),
        (",, a@x.example,,", ["a@x.example"]),
    ],
)
def test_many_mailboxes_stay_in_their_order(typed: str, addresses: list[str]) -> None:
    assert [box.spelled for box in read_mailboxes(typed)] == addresses


@pytest.mark.parametrize(
    ("typed", "reason"),
    [
        ("", "no address"),
        ("Shop", "'Shop' is not an address"),
        ("Shop <care>", "no address"),
        ("Shop <>", "is missing"),
        ("Shop <care@sender.example", "an extra bracket"),
        ("Shop care@sender.example>", "an extra bracket"),
        ("Shop care@sender.example", "'Shop care@sender.example' is not an address"),
        ("<a@x.example> Shop", "follows an address"),
        ("Friends: a@x.example, b@x.example;", "is not an address"),
        ("undisclosed-recipients:;", "is not an address"),
        ("a@x.example, Shop", "'Shop' is not an address"),
        ("bert@b.example\r\nBcc: x@y.example", "is not an address"),
        ("Shop <a@x.example, b@x.example>", "more than one address"),
    ],
)
def test_what_is_no_mailbox_is_refused_with_the_remedy(typed: str, reason: str) -> None:
    with pytest.raises(AddressError) as error:
        read_mailboxes(typed)
    assert reason in error.value.reason
    assert error.value.remedy


def test_of_two_where_one_is_wanted_the_person_is_told() -> None:
    with pytest.raises(AddressError, match="more than one"):
        read_one_mailbox("a@x.example, b@y.example")


@given(st.text("ab@.,;:<>\"'\\() \r\n=?é\u202a", max_size=60))
def test_whatever_is_taken_is_on_one_line(typed: str) -> None:
    try:
        found = read_mailboxes(typed)
    except AddressError:
        return
    assert found
    assert not any(set(box.name + box.spelled) & set("\r\n\u202a") for box in found)


@pytest.mark.parametrize(
    "unit",
    ["=?utf-8?q?a", "=?", "a@", '"\\', "a@b.example (", "a@b ", "a@b,", "<a@b.example>,", "(", "<", "a@b.example;\n"],
)
def test_time_grows_with_the_text_alone(unit: str) -> None:
    """As much as a form takes: what is refused must be refused soon."""
    text = unit * (200_000 // len(unit))
    with bounded_processor_time():
        for typed in (text, f"{text}<care@sender.example>", f"care@sender.example {text})"):
            with suppress(AddressError):
                read_mailboxes(typed)


def test_behind_an_open_quote_all_quotes_are_characters() -> None:
    assert read_mailboxes('5" Disk <a@b.example>, c@d.example') == [
        Mailbox("a@b.example", '5" Disk'),
        Mailbox("c@d.example"),
    ]
