"""What was typed on the compose page, as a message."""

from email import message_from_bytes, policy

import pytest

from postlude.model.errors import InputError
from postlude.web.messages.compose_form import ComposeForm, message

DRAFT = ComposeForm(sender="alice@sender.example", subject="Káva", body="Hello")


def shown(field: str, typed: str) -> list[tuple[str, str]]:
    raw, _ = message(DRAFT._replace(**{"to": "x@y.example", field: typed}), 0)
    found = message_from_bytes(raw, policy=policy.default)[field]
    return [(each.display_name, each.addr_spec) for each in found.addresses]


def test_names_and_order_stay_as_they_were_typed() -> None:
    typed = "Zoë Berger <z@a.example>, Alice Berger <a@a.example>; Doe, Bob <b@a.example>\r\nc@a.example"
    assert shown("to", typed) == [
        ("Zoë Berger", "z@a.example"),
        ("Alice Berger", "a@a.example"),
        ("Doe, Bob", "b@a.example"),
        ("", "c@a.example"),
    ]


def test_the_envelope_gets_bare_addresses_each_once() -> None:
    _, recipients = message(DRAFT._replace(to="Alice <a@a.example>", cc="a@a.example", bcc="B <b@münchen.example>"), 0)
    assert recipients == ["a@a.example", "b@xn--mnchen-3ya.example"]


def test_a_local_part_in_another_script_is_taken() -> None:
    _, recipients = message(DRAFT._replace(to="\u202aünïcode@exämple.com\u202c"), 0)
    assert recipients == ["ünïcode@xn--exmple-cua.com"]


def test_who_is_in_bcc_is_not_in_the_message() -> None:
    raw, _ = message(DRAFT._replace(to="a@a.example", bcc="secret@b.example"), 0)
    assert b"secret" not in raw


@pytest.mark.parametrize("typed", ["nobody", "Friends: a@a.example", "a@a.example, Bob", "Bob <b@a.example"])
def test_what_is_not_an_address_is_refused_by_its_field(typed: str) -> None:
    with pytest.raises(InputError, match=r"^Cc: .*(an address|too many|extra bracket)"):
        message(DRAFT._replace(to="a@a.example", cc=typed), 0)


def test_without_a_recipient_nothing_is_made() -> None:
    with pytest.raises(InputError, match="at least one recipient"):
        message(DRAFT._replace(to=" , ;"), 0)


def test_no_field_comes_out_of_a_subject() -> None:
    raw, _ = message(DRAFT._replace(to="a@a.example", subject="=?utf-8?q?a=0d=0aSender:_boss@example.com?="), 0)
    assert b"\nSender:" not in raw
