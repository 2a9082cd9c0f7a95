"""Addresses of header fields as real and hostile mail writes them."""

from email.utils import formataddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.mail.address_list import NamedAddress, read_address_list
from support.processor import bounded_processor_time


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("root (Cron Daemon)", [("Cron Daemon", "root")]),
        ("Anna <anna@[192.0.2.1]>", [("Anna", "anna@[192.0.2.1]")]),
        ("Anna <anna@[IPv6:2001:db8::1]>", [("Anna", "anna@[IPv6:2001:db8::1]")]),
        ('"Doe, John" <j@x.example>, b@y.example', [("Doe, John", "j@x.example"), ("", "b@y.example")]),
        ('"a \\"b\\" c" <d@x.example>', [('a "b" c', "d@x.example")]),
        ("undisclosed-recipients:;", []),
        ('Group: a@x.example, "B" <b@x.example>;', [("", "a@x.example"), ("B", "b@x.example")]),
        ("Group: a@x.example;, c@x.example", [("", "a@x.example"), ("", "c@x.example")]),
        ("<@relay.example,@other.example:c@d.example>", [("", "c@d.example")]),
        ('"john doe"@x.example', [("", '"john doe"@x.example')]),
        ("a . b @ x . example", [("", "a.b@x.example")]),
        ("John Doe <jdoe@machine(a \\) comment). example>", [("John Doe", "jdoe@machine.example")]),
        ("(deep (and deeper)) a@x.example", [("deep (and deeper)", "a@x.example")]),
        ("Dr. J. Doe <j@x.example>", [("Dr. J. Doe", "j@x.example")]),
        ("a@x.example;b@x.example", [("", "a@x.example"), ("", "b@x.example")]),
        ("Bob bb@x.example", [("", "bb@x.example")]),
        ("MAILER-DAEMON <>", []),
        ("John Doe", []),
        (" , ,", []),
        ("<a@x.example", [("", "a@x.example")]),
    ],
)
def test_what_mail_writes(value: str, found: list[tuple[str, str]]) -> None:
    assert [(one.name, one.address) for one in read_address_list(value)] == found


@pytest.mark.parametrize(
    "value",
    [
        "boss@bank.example)me@y.example",
        "boss@bank.example(comment)me@y.example",
        "boss@bank.example me@y.example",
        "boss@bank.example\\,me@y.example",
        "boss@bank.example:me@y.example",
        "<boss@bank.example> <me@y.example>",
        "<boss@bank.example <me@y.example>",
        "<boss@bank.example, me@y.example>",
        "<boss@bank.example me@y.example>",
    ],
)
def test_two_that_are_not_parted_as_they_should_be_are_both_found(value: str) -> None:
    assert [one.address.rstrip("\\") for one in read_address_list(value)] == ["boss@bank.example", "me@y.example"]


def test_an_address_in_a_name_without_quotes_is_told() -> None:
    assert read_address_list("boss@bank.example <me@y.example>") == [
        NamedAddress("boss@bank.example", "me@y.example", ("boss@bank.example",))
    ]
    assert read_address_list('"boss@bank.example" <me@y.example>') == [
        NamedAddress("boss@bank.example", "me@y.example")
    ]


@given(st.text('abc @.,;:<>()[]"\\\r\n', max_size=80))
def test_every_text_is_read(value: str) -> None:
    assert all(one.address for one in read_address_list(value))


@given(st.lists(st.text("ab ,.@<>()\"\\'", max_size=12), min_size=1, max_size=4))
def test_what_is_written_properly_is_read_back(names: list[str]) -> None:
    shown = [" ".join(name.split()) for name in names]
    boxes = [(name, f"user{number}@x.example") for number, name in enumerate(shown)]
    value = ", ".join(map(formataddr, boxes))
    assert [(one.name, one.address) for one in read_address_list(value)] == boxes


@pytest.mark.parametrize(
    "unit", ["(", ")", '"', "<", "a@", ",", "\\", "[", "a ", "(a)", '\\"', "<a@b", ":", "@ ", '"a', "@:", "@a:"]
)
def test_a_long_field_is_read_at_once(unit: str) -> None:
    with bounded_processor_time():
        read_address_list(unit * (400_000 // len(unit)))
