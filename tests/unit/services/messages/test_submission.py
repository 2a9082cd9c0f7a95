import pytest

from postlude.instrument import Policy
from postlude.kit.ids import id_text
from postlude.model.observation import Submitted
from postlude.model.words import Via
from postlude.services.messages.accept import completed
from postlude.services.messages.submission import read_submission
from postlude.services.messages.tracker import Tracker
from postlude.tokens import KeyRing, TokenCodec

RAW = (
    b"From: A <a@example.org>\r\nMessage-ID: <m1@example.org>\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\n"
    b"Content-Type: text/html\r\n\r\n"
    b'<a href="https://one.example/">one</a><a href="mailto:x@example.org">two</a><a href="https://one.example/">3</a>\r\n'
)
SEEN = Submitted(1000, 77, 5, Via.RELAY, "a@example.org", ("b@example.com", "c@example.com"), "env")


def tracker() -> Tracker:
    return Tracker(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org")


def test_rows_and_events_are_the_same_on_every_replay() -> None:
    first = read_submission(SEEN, RAW, Policy(), tracker())
    assert read_submission(SEEN, RAW, Policy(), tracker()) == first
    ids = [copy.id for copy in first.submission.copies] + [event.id for event in first.events]
    assert len(set(ids)) == 4
    assert all(0 < one < 1 << 63 for one in ids)


def test_the_message_row_says_what_the_headers_say() -> None:
    row = read_submission(SEEN, RAW, Policy(), tracker()).submission.message
    assert row.message_id == "m1@example.org"
    assert row.subject == "Grüße"
    assert row.sender == "a@example.org"
    assert row.envid == "env"
    assert row.opens is True
    assert row.clicks is True


def test_links_keep_their_positions_and_reasons() -> None:
    links = read_submission(SEEN, RAW, Policy(), tracker()).submission.links
    assert [(link.url, link.tracked) for link in links if link.tracked] == [("https://one.example/", True)] * 2
    assert [link.position for link in links] == sorted({link.position for link in links})


def test_tracking_that_is_not_wanted_is_not_claimed() -> None:
    row = read_submission(SEEN, RAW, Policy(opens=False, clicks=False), tracker()).submission.message
    assert row.opens is False
    assert row.clicks is False


def test_whatever_the_bytes_are_the_message_is_taken() -> None:
    for raw in (b"", b"\xff\xfe\x00", b"From: \xff\r\n\r\n", b"Content-Type: text/html; charset=\xff\r\n\r\n<a href="):
        taken = read_submission(SEEN, raw, Policy(), tracker())
        assert len(taken.submission.copies) == len(taken.events) == 2


@pytest.mark.parametrize(
    ("sender", "domain"),
    [
        ("root (Cron Daemon)", "mx.sender.example"),
        ("root", "mx.sender.example"),
        ("Anna <anna@sender.example>", "sender.example"),
        ("Anna <anna@münchen.example>", "xn--mnchen-3ya.example"),
        ("Anna <anna@[192.0.2.1]>", "mx.sender.example"),
    ],
)
def test_an_id_is_made_in_the_senders_domain_or_in_the_servers_own(sender: str, domain: str) -> None:
    made = completed(f"From: {sender}\r\nDate: x\r\n\r\nHi\r\n".encode(), 7, 9, "mx.sender.example")
    assert f"\r\nMessage-ID: <{id_text(7)}@{domain}>\r\n".encode() in made
