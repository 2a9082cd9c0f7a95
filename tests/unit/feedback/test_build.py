"""What is built is read back with the standard library, so that the writer is not judged by its own reader."""

from email import message_from_bytes, policy
from email.message import EmailMessage

import pytest

from postlude.feedback import build
from support.payload import blocks

NOON = 1_700_000_000_000_000
ORIGINAL = (
    b"Return-Path: <bounce+tag@return.example>\r\nFrom: Alice <alice@sender.example>\r\nTo: bob@example.org\r\n"
    b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@sender.example>\r\nReferences: <0@sender.example>\r\n"
    b"Date: Tue, 14 Nov 2023 22:00:00 +0000\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGr\xc3\xbc\xc3\x9fe\r\n"
)


def parsed(raw: bytes) -> EmailMessage:
    assert b"\n" not in raw.replace(b"\r\n", b"")
    return message_from_bytes(raw, policy=policy.default)


def part(mail: EmailMessage, kind: str) -> EmailMessage:
    found = [item for item in mail.walk() if item.get_content_type() == kind]
    assert len(found) == 1, [item.get_content_type() for item in mail.walk()]
    return found[0]


@pytest.mark.parametrize(
    ("status", "action"), [("5.1.1", "failed"), ("4.4.1", "delayed"), ("2.1.5", "delivered"), ("", "failed")]
)
def test_a_bounce_is_a_delivery_status_notification(status: str, action: str) -> None:
    mail = parsed(
        build.build_bounce(
            ORIGINAL,
            recipient="bob@example.org",
            reporting_mta="mx.example",
            status=status,
            diagnostic="550 5.1.1 <bob@example.org>: no such user",
            at=NOON,
            envid="QQ314159",
        )
    )
    assert mail.get_content_type() == "multipart/report"
    assert mail["To"] == "bounce+tag@return.example"
    whole, recipient = blocks(part(mail, "message/delivery-status"))
    assert whole["Original-Envelope-Id"] == "QQ314159"
    assert recipient["Final-Recipient"] == "rfc822; bob@example.org"
    assert recipient["Action"] == action
    assert recipient["Status"] == (status or None)
    returned = blocks(part(mail, "message/rfc822"))[0]
    assert returned["Message-ID"] == "<1@sender.example>"


def test_a_complaint_is_a_feedback_report_and_can_hide_the_recipient() -> None:
    raw = build.build_complaint(ORIGINAL, recipient="bob@example.org", reporting="isp.example", at=NOON, redact=True)
    mail = parsed(raw)
    assert mail.get_param("report-type") == "feedback-report"
    fields = blocks(part(mail, "message/feedback-report"))[0]
    assert fields["Feedback-Type"] == "abuse"
    assert fields["Original-Rcpt-To"] == "<redacted@example.org>"
    assert b"bob@example.org" not in raw


def test_a_reply_is_threaded_and_quotes() -> None:
    mail = parsed(build.build_reply(ORIGINAL, sender="bob@example.org", text="Schön!", at=NOON))
    assert mail["In-Reply-To"] == "<1@sender.example>"
    assert mail["References"] == "<0@sender.example> <1@sender.example>"
    assert mail["Subject"] == "Re: Grüße"
    assert mail["To"] == "Alice <alice@sender.example>"
    assert part(mail, "text/plain").get_content().startswith("Schön!\r\n\r\nOn ")
    assert "> Grüße" in part(mail, "text/plain").get_content()
    assert "blockquote" in part(mail, "text/html").get_content()


def test_a_vacation_message_says_so_and_goes_to_the_return_path() -> None:
    mail = parsed(build.build_autoreply(ORIGINAL, sender="bob@example.org", text="Away", at=NOON))
    assert mail["Auto-Submitted"] == "auto-replied (vacation)"
    assert mail["To"] == "bounce+tag@return.example"


def test_a_read_receipt_is_a_disposition_notification() -> None:
    mail = parsed(build.build_displayed(ORIGINAL, recipient="bob@example.org", at=NOON))
    fields = blocks(part(mail, "message/disposition-notification"))[0]
    assert fields["Disposition"].endswith("; displayed")
    assert fields["Original-Message-ID"] == "<1@sender.example>"


def test_no_header_can_be_smuggled_in() -> None:
    raw = build.build_reply(
        b"Subject: hi\nFrom: a@b.example\n\nx", sender="bob@example.org\r\nBcc: eve@evil.example", text="x", at=NOON
    )
    assert parsed(raw)["Bcc"] is None


def test_the_same_arguments_give_the_same_bytes() -> None:
    first = build.build_unsubscribe(sender="bob@example.org", to="u+tag@return.example", at=NOON)
    assert first == build.build_unsubscribe(sender="bob@example.org", to="u+tag@return.example", at=NOON)
    assert parsed(first)["Auto-Submitted"] == "auto-replied"


@pytest.mark.parametrize("original", [b"", b"\n\n", b"no header at all", b"\xff\xfe\x00", b"Subject:"])
def test_any_original_can_be_answered(original: bytes) -> None:
    for raw in (
        build.build_bounce(
            original, recipient="b@example.org", reporting_mta="m.example", status="5.0.0", diagnostic="", at=NOON
        ),
        build.build_complaint(original, recipient="b@example.org", reporting="isp.example", at=NOON),
        build.build_reply(original, sender="b@example.org", text="x", at=NOON),
        build.build_autoreply(original, sender="b@example.org", text="x", at=NOON),
    ):
        assert parsed(raw)["Message-ID"]
