"""What of returned mail its subject is told."""

import pytest

from postlude.services.privacy.other_people import BY_ANOTHER, told_facts, without_others

BOB = "bob@example.org"


def test_without_a_writer_it_is_told_to_who_got_the_mail() -> None:
    facts = {"text": "thanks"}
    assert told_facts("replied", facts, BOB, of_a_copy=True) == facts
    assert told_facts("replied", facts, BOB, of_a_copy=False) == {"mail": BY_ANOTHER}


@pytest.mark.parametrize("writer", ["Bob <bob@example.org>", "BOB@EXAMPLE.ORG", "bob@example.org"])
def test_his_own_words_are_his(writer: str) -> None:
    facts = {"sender": writer, "text": "thanks"}
    assert told_facts("mail", facts, BOB, of_a_copy=False) == facts


@pytest.mark.parametrize("writer", ["notbob@example.org", "bob@example.org.evil.example", "not an address"])
def test_words_of_another_are_not(writer: str) -> None:
    told = told_facts("mail", {"sender": writer, "text": "hello", "channel": "smtp"}, BOB, of_a_copy=True)
    assert told == {"channel": "smtp", "mail": BY_ANOTHER}


def test_addresses_of_others_are_taken_out() -> None:
    text = "<bob@example.org>: forwarded to <eve@x.example>, by postmaster@mx.example"
    assert without_others(text, BOB) == "<bob@example.org>: forwarded to <(another address)>, by postmaster@mx.example"


def test_nothing_to_tell() -> None:
    assert told_facts("mail", {}, BOB, of_a_copy=False) == {}
