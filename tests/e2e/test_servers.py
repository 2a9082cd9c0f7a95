"""The mail world of the tests behaves like the real one, which is what the other tests stand on."""

import smtplib
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.utils import make_msgid

import pytest

from servers.pair import ALICE, BOB, BOUNCE_DOMAIN, CHARLIE, REFUSED_DOMAIN, UNKNOWN_DOMAIN, UNKNOWN_USER, Servers
from servers.sink import Sink
from servers.waiting import LOOPBACK, wait_for
from support.payload import blocks

ENVELOPE = f"bounce+tag@{BOUNCE_DOMAIN}"
VACATION = 'require "vacation"; vacation :days 1 :subject "Away" "I am away.";'
REJECT = 'require "reject"; reject "I do not want this.";'


def received(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = ALICE, BOB, subject
    message["Message-ID"] = make_msgid(domain="sender.test")
    message.set_content("Hello Bob\n")
    return message


def returned(sink: Sink) -> EmailMessage:
    """What comes back through the inbound server."""
    wait_for("something to come back", lambda: sink.deliveries, 20)
    assert sink.deliveries[0].rcpt_tos == (ENVELOPE,)
    message = message_from_bytes(sink.deliveries[0].data, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


def test_mail_arrives_in_the_imap_mailbox(mail: Servers) -> None:
    mail.send_as(ALICE, [BOB], received("arrives"))
    found = mail.wait_for_mail(BOB, "arrives")
    assert found.get_content().strip() == "Hello Bob"
    assert mail.mailbox(CHARLIE) == []


def test_an_unknown_user_comes_back_as_a_real_dsn(mail: Servers, sink: Sink) -> None:
    mail.forwarder.target = sink.port
    mail.send(ENVELOPE, [UNKNOWN_USER], received("bounces"))
    bounce = returned(sink)
    assert sink.deliveries[0].mail_from == "<>"
    assert bounce.get_content_type() == "multipart/report"
    status = next(part for part in bounce.walk() if part.get_content_type() == "message/delivery-status")
    recipient = blocks(status)[1]
    assert recipient["Status"] == "5.1.1"
    assert UNKNOWN_USER in recipient["Final-Recipient"]
    assert "Subject: bounces" in bounce.as_string()


@pytest.mark.parametrize(("recipient", "status"), [(f"x@{REFUSED_DOMAIN}", "5.7.1"), (UNKNOWN_DOMAIN, "5.1.2")])
def test_refused_domains_are_refused_while_talking(mail: Servers, recipient: str, status: str) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        mail.send(ALICE, [recipient], received("refused"))
    assert status in str(refused.value)


def test_submission_wants_a_login(mail: Servers) -> None:
    with smtplib.SMTP(LOOPBACK, mail.submission_port, timeout=10) as client, pytest.raises(smtplib.SMTPException):
        client.sendmail(ALICE, [BOB], received("no login").as_bytes())
    talk, refused = (
        smtplib.SMTP(LOOPBACK, mail.submission_port, timeout=10),
        pytest.raises(smtplib.SMTPAuthenticationError),
    )
    with talk as client, refused:
        client.login(ALICE, "wrong")


def test_a_vacation_reply_goes_to_the_envelope_sender(mail: Servers, sink: Sink) -> None:
    mail.forwarder.target = sink.port
    mail.dovecot.sieve(BOB, VACATION)
    original = received("holiday")
    mail.send(ENVELOPE, [BOB], original)
    reply = returned(sink)
    assert reply["Auto-Submitted"].startswith("auto-replied")
    assert reply["In-Reply-To"] == original["Message-ID"]


def test_a_sieve_reject_is_a_report(mail: Servers, sink: Sink) -> None:
    mail.forwarder.target = sink.port
    mail.dovecot.sieve(BOB, REJECT)
    mail.send(ENVELOPE, [BOB], received("unwanted"))
    assert returned(sink).get_content_type() == "multipart/report"
    assert mail.mailbox(BOB) == []


def test_mail_for_a_server_that_is_down_waits(mail: Servers, sink: Sink) -> None:
    mail.send(ALICE, [ENVELOPE], received("patience"))
    wait_for("a deferral in Postfix's log", lambda: "status=deferred" in mail.postfix.log(), 20)
    mail.forwarder.target = sink.port
    assert returned(sink)["Subject"] == "patience"
