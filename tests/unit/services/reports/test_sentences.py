"""One sentence for each event, whatever is and is not known of it."""

from typing import Any

import pytest

from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict
from postlude.services.reports.sentences import LOST, summary


def sentence(kind: EventKind, nth: int = 1, url: str = "", verdict: Verdict = Verdict.HUMAN, **facts: str) -> str:
    return summary(Event(1, kind, 2, 3, 4, verdict=verdict, facts=facts), nth, url)


@pytest.mark.parametrize("kind", EventKind)
def test_an_event_without_facts_has_its_sentence(kind: EventKind) -> None:
    reported = sentence(kind)
    assert reported[0].isupper()
    assert not reported.endswith((".", " ", ":", ","))


@pytest.mark.parametrize(
    ("kind", "facts", "reported"),
    [
        (EventKind.QUEUED, {"again": "1"}, "Queued again, because a user asked for it"),
        (EventKind.QUEUED, {"untracked": "too large"}, "Accepted for sending, without tracking: too large"),
        (EventKind.SENT, {"phase": "sandbox"}, "Put into the sandbox mailbox"),
        (EventKind.SENT, {"finding": "relayed"}, "Passed on to a system that sends no reports"),
        (EventKind.SENT, {"server": "mx1"}, "Handed over to mx1"),
        (EventKind.DEFERRED, {"phase": "connect"}, "Could not connect"),
        (
            EventKind.DEFERRED,
            {"server": "mx1", "code": "451", "text": "come back", "retry_at": "1790000000000000"},
            "Deferred by mx1: 451 come back, next attempt at 2026-09-21 14:13 UTC",
        ),
        (EventKind.DELIVERED, {"phase": "sandbox"}, "Delivered to the sandbox mailbox"),
        (EventKind.DELIVERED, {"channel": "provider:ses"}, "Delivered: confirmed by ses"),
        (EventKind.DELIVERED, {"channel": "dsn"}, "Delivered: confirmed by a report"),
        (
            EventKind.BOUNCED,
            {"reason": "unknown_user", "evidence": "by_hand", "code": "550", "status": "5.1.1", "diagnostic": "gone"},
            "Came back (unknown user), assigned by hand: 550 5.1.1 gone",
        ),
        (EventKind.BOUNCED, {"evidence": "subject"}, "Came back, probably about this message"),
        (EventKind.REJECTED, {"code": "550", "text": "550 5.1.1 nobody"}, "Refused: 550 5.1.1 nobody"),
        (EventKind.UNSUBSCRIBED, {"channel": "reply"}, "Unsubscribed by mail"),
        (EventKind.COMPLAINED, {"feedback_type": "abuse"}, "Marked as spam"),
        (EventKind.COMPLAINED, {"feedback_type": "fraud"}, "Complained about (fraud)"),
        (EventKind.REPLIED, {"from": "bob@x.org", "wish": "leave"}, "Answered by bob@x.org, asking to unsubscribe"),
        (EventKind.AUTORESPONDED, {"subject": "Away"}, "Answered automatically: Away"),
        (EventKind.VIEWED, {"page": "view"}, "Viewed in the browser by a person"),
        (EventKind.VIEWED, {"page": "new"}, "Looked at a page about this mail by a person"),
    ],
)
def test_facts_are_told(kind: EventKind, facts: dict[str, Any], reported: str) -> None:
    assert sentence(kind, **facts) == reported


@pytest.mark.parametrize(
    ("nth", "counted"),
    [(1, ""), (2, " (2nd time)"), (3, " (3rd time)"), (4, " (4th time)"), (11, " (11th time)"), (21, " (21st time)")],
)
def test_the_same_thing_again_is_counted(nth: int, counted: str) -> None:
    assert sentence(EventKind.OPENED, nth, client="Gmail") == f"Opened in Gmail by a person{counted}"


@pytest.mark.parametrize("verdict", Verdict)
def test_it_is_said_who_opened(verdict: Verdict) -> None:
    reported = sentence(EventKind.OPENED, verdict=verdict)
    assert reported.startswith("Opened ")
    assert ("machine" in reported) == (verdict in {Verdict.UNKNOWN, Verdict.MACHINE, Verdict.MACHINE_SUSPECTED})


def test_a_click_names_where_it_led() -> None:
    assert sentence(EventKind.CLICKED, url="https://x.example/") == "Clicked https://x.example/ by a person"


def test_a_click_on_an_unknown_link_names_its_position() -> None:
    assert sentence(EventKind.CLICKED).startswith("Clicked link ")


def test_a_long_url_leaves_room_for_who_clicked() -> None:
    reported = sentence(EventKind.CLICKED, url="https://x.example/" + "a" * 500)
    assert "…" in reported
    assert reported.endswith(" by a person")


def test_what_a_server_said_is_one_line_of_bounded_length() -> None:
    reported = sentence(EventKind.REJECTED, text="no\r\n\tway " * 100)
    assert len(reported) <= 200
    assert "\n" not in reported
    assert reported.endswith("…")


@pytest.mark.parametrize("reason", LOST)
def test_returned_mail_that_does_not_count_says_why(reason: str) -> None:
    assert sentence(EventKind.UNMATCHED, unmatched=reason).endswith(LOST[reason])
