"""What comes back from Debian's Postfix, Dovecot and Sieve, one message each, told apart and tied to its copy."""

import hashlib
import hmac
import json
import secrets
import smtplib
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from email.utils import make_msgid
from typing import Any

import pytest

from servers.example_mails import offer
from servers.pair import (
    ALICE,
    BOB,
    BOUNCE_DOMAIN,
    CHARLIE,
    FULL,
    PASSWORD,
    REFUSED_DOMAIN,
    SLOW_DOMAIN,
    UNKNOWN_USER,
    Servers,
)
from servers.postlude import Postlude
from servers.waiting import LOOPBACK, wait_for

REFUSED, SLOW = f"somebody@{REFUSED_DOMAIN}", f"somebody@{SLOW_DOMAIN}"
GONE = "gone@customer.test"
VACATION = 'require "vacation"; vacation :days 1 :subject "Away" "I am away until Monday.";'
REJECT = 'require "reject"; reject "I do not want this.";'
FORWARD = f'redirect "{GONE}";'

Copies = dict[str, dict[str, Any]]


@pytest.fixture
def running(postlude: Callable[..., Postlude], mail: Servers) -> Postlude:
    instance = postlude(
        smtp_host=LOOPBACK,
        smtp_port=mail.smtp_port,
        smtp_tls="none",
        return_domain=BOUNCE_DOMAIN,
        imap_host=LOOPBACK,
        imap_port=mail.imap_port,
        imap_tls="false",
        imap_user=ALICE,
        imap_password=PASSWORD,
    )
    mail.forwarder.target = instance.ports["inbound"]
    return instance


def submit(running: Postlude, *recipients: str, subject: str = "Our offer") -> str:
    written = offer(ALICE, recipients, subject=subject)
    running.submit(ALICE, recipients, written)
    return str(written["Message-ID"])


def story(running: Postlude, message_id: str) -> list[dict[str, Any]]:
    found = running.timeline(message_id)
    return list(found["messages"][0]["timeline"]) if found else []


def told(running: Postlude, message_id: str, kind: str, recipient: str) -> dict[str, Any]:
    """The facts of the first event of a kind for a recipient, once it is there."""

    def look() -> dict[str, Any] | None:
        entries = story(running, message_id)
        return next((one for one in entries if (one["kind"], one["recipient"]) == (kind, recipient)), None)

    return wait_for(f"{kind} of {recipient}", look, 30, pause=0.3)


def copies(running: Postlude, message_id: str) -> Copies:
    message = running.timeline(message_id)["messages"][0]["message"]
    return {copy["recipient"]: copy for copy in message["copies"]}


def suppressed(running: Postlude, *recipients: str) -> set[str]:
    """To whom a second message is not even tried."""
    again = submit(running, *recipients, subject="Second offer")

    def settled() -> dict[str, str]:
        view = running.timeline(again)
        states = {one["recipient"]: one["status"] for one in view["messages"][0]["message"]["copies"]} if view else {}
        return {} if {"queued", "sending", "claimed"} & set(states.values()) else states

    found = wait_for("the second message", settled, 20, pause=0.2)
    return {recipient for recipient, status in found.items() if status == "suppressed"}


def test_refusals_and_bounces_have_their_reasons_and_suppress_only_who_is_gone(
    running: Postlude, mail: Servers
) -> None:
    mail.dovecot.sieve(CHARLIE, REJECT)
    everybody = (UNKNOWN_USER, FULL, CHARLIE, REFUSED, SLOW)
    message = submit(running, *everybody)
    seen = {
        recipient: told(running, message, kind, recipient)["facts"]
        for recipient, kind in (
            (UNKNOWN_USER, "bounced"),
            (FULL, "bounced"),
            (CHARLIE, "bounced"),
            (REFUSED, "rejected"),
            (SLOW, "deferred"),
        )
    }
    assert {recipient: facts["reason"] for recipient, facts in seen.items()} == {
        UNKNOWN_USER: "unknown_user",
        FULL: "mailbox_full",
        CHARLIE: "recipient_refused",
        REFUSED: "recipient_refused",
        SLOW: seen[SLOW]["reason"],
    }
    assert seen[SLOW]["reason"] in {"network", "expired"}
    assert {seen[who]["strength"] for who in (UNKNOWN_USER, FULL, CHARLIE, SLOW)} == {"certain"}
    assert seen[REFUSED]["phase"] == "rcpt"
    assert seen[REFUSED]["code"] == "550"
    found = copies(running, message)
    assert found[UNKNOWN_USER]["delivered"] == ""  # accepted at first: the bounce corrects it
    assert found[SLOW]["delivered"] == "accepted"  # delayed is not lost
    assert suppressed(running, *everybody) == {UNKNOWN_USER}
    late = told(running, submit(running, BOB, subject="Please refuse after data"), "rejected", BOB)["facts"]
    assert late["phase"] == "end-of-data"
    assert late["code"] == "550"
    assert "I do not take this" in late["text"]


def test_answers_of_machines_are_no_replies(running: Postlude, mail: Servers) -> None:
    mail.dovecot.sieve(BOB, VACATION)
    message = submit(running, BOB)
    vacation = told(running, message, "autoresponded", BOB)["facts"]
    assert vacation["evidence"] == "envelope_tag"
    assert vacation["subject"] == "Away"
    assert copies(running, message)[BOB]["replied_at"] is None


def test_a_forward_that_fails_suppresses_whom_it_went_on_to(running: Postlude, mail: Servers) -> None:
    mail.dovecot.sieve(CHARLIE, FORWARD)
    forwarded = told(running, submit(running, CHARLIE), "bounced", CHARLIE)["facts"]
    assert forwarded["recipient"] == GONE
    assert forwarded["reason"] == "unknown_user"
    assert suppressed(running, CHARLIE) == set()  # where Charlie's mail went on to is gone, not Charlie


def test_a_receipt_and_a_reply_come_from_who_read_it(running: Postlude, mail: Servers) -> None:
    message = submit(running, BOB)
    received = mail.wait_for_mail(BOB, "Our offer")
    receipt(mail, received)
    told(running, message, "displayed", BOB)
    answer(mail, received, BOB, "We take it.\n\nOn Tuesday Alice wrote:\n> Our offer")
    reply = told(running, message, "replied", BOB)["facts"]
    assert reply["evidence"] == "message_id"
    assert reply["text"] == "We take it."
    kinds = [one["kind"] for one in story(running, message) if one["recipient"] == BOB]
    assert kinds == ["queued", "sent", "displayed", "replied"]


def test_an_answer_of_a_stranger_waits_for_a_decision(running: Postlude, mail: Servers) -> None:
    message = submit(running, BOB, CHARLIE)
    answer(mail, mail.wait_for_mail(BOB, "Our offer"), "carol@other.test", "Carol read this too.")
    [waiting] = wait_for("the stranger", lambda: queue(running), 20)
    assert waiting["reason"] == "other_sender"
    assert waiting["facts"]["sender"] == "carol@other.test"
    assert bool(waiting["facts"]["message"]) is True
    assert waiting["copy"] == ""
    assert [one["recipient"] for one in story(running, message) if one["kind"] == "unmatched"] == [""]


def test_ordinary_mail_asks_for_no_decision(running: Postlude, mail: Servers) -> None:
    message = submit(running, BOB)
    received = mail.wait_for_mail(BOB, "Our offer")
    mail.send_as(BOB, [ALICE], plain(BOB, "Lunch?", "Are you free on Friday?"))
    mail.wait_for_mail(ALICE, "Lunch?")
    answer(mail, received, BOB, "We take it.")
    told(running, message, "replied", BOB)  # mailboxes are read in order: the ordinary mail was read before
    assert queue(running) == []


def queue(running: Postlude) -> list[dict[str, Any]]:
    return list(running.run("feedback", "unmatched", "--json").json["unmatched"])


def plain(sender: str, subject: str, text: str) -> EmailMessage:
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = sender, ALICE, subject
    message["Message-ID"] = make_msgid(domain=sender.rpartition("@")[2])
    message.set_content(text + "\n")
    return message


def answer(mail: Servers, received: EmailMessage, sender: str, text: str) -> None:
    reply = plain(sender, f"Re: {received['Subject']}", text)
    reply["In-Reply-To"] = reply["References"] = str(received["Message-ID"])
    mail.send(sender, [ALICE], reply)
    mail.wait_for_mail(ALICE, lambda message: sender in str(message["From"]))


def receipt(mail: Servers, received: EmailMessage) -> None:
    """RFC 8098, as a mail program sends it when it is asked for a receipt."""
    text = f"""From: Bob <{BOB}>
To: {ALICE}
Subject: Read: {received["Subject"]}
Message-ID: {make_msgid(domain="customer.test")}
MIME-Version: 1.0
Content-Type: multipart/report; report-type=disposition-notification; boundary="b"

--b
Content-Type: text/plain

Your message was displayed.

--b
Content-Type: message/disposition-notification

Reporting-UA: mail.customer.test; Reader 1.0
Final-Recipient: rfc822;{BOB}
Original-Message-ID: {received["Message-ID"]}
Disposition: manual-action/MDN-sent-manually; displayed

--b--
"""
    mail.send("", [ALICE], text.replace("\n", "\r\n").encode())
    mail.wait_for_mail(ALICE, "Read:")


def test_a_mail_server_beside_it_may_speak_lmtp(postlude: Callable[..., Postlude], mail: Servers) -> None:
    running = postlude(
        smtp_host=LOOPBACK,
        smtp_port=mail.smtp_port,
        smtp_tls="none",
        return_domain=BOUNCE_DOMAIN,
        inbound_protocol="lmtp",
    )
    message = submit(running, BOB)
    path = str(mail.wait_for_mail(BOB, "Our offer")["Return-Path"]).strip("<>")
    with smtplib.LMTP(LOOPBACK, running.ports["inbound"]) as client:
        mail_back = plain(BOB, "Re: Our offer", "Yes.").as_bytes(policy=policy.SMTP)
        refused = client.sendmail(BOB, [path, f"guess@{BOUNCE_DOMAIN}"], mail_back)
    assert {address: code for address, (code, _) in refused.items()} == {f"guess@{BOUNCE_DOMAIN}": 550}
    assert told(running, message, "replied", BOB)["facts"]["channel"] == "lmtp"


def test_a_providers_call_through_the_edge(postlude: Callable[..., Postlude]) -> None:
    """Called as Mailgun calls it, at the address `feedback hooks` shows; a wrong key or path changes nothing."""
    running = postlude(mailgun_key="signing-key")
    message = submit(running, BOB)
    told(running, message, "delivered", BOB)
    hooks = {row["provider"]: row["url"] for row in running.run("feedback", "hooks", "--json").json["hooks"]}
    reported = {
        "event": "complained",
        "id": "ncV2XwymRUKbPek_MIM-Gw",
        "recipient": BOB,
        "timestamp": time.time(),
        "message": {"headers": {"message-id": message.strip("<>")}},
    }
    assert call(hooks["mailgun"], mailgun(reported, "guessed")) == 200  # kept, and proven to be nobody's
    assert call(hooks["mailgun"][:-1] + "A", mailgun(reported, "signing-key")) == 404
    assert call(hooks["mailgun"].replace("mailgun", "sendgrid"), mailgun(reported, "signing-key")) == 404
    assert call(hooks["mailgun"], mailgun(reported, "signing-key")) == 200
    facts = told(running, message, "complained", BOB)["facts"]
    assert facts["channel"] == "provider:mailgun"
    assert facts["strength"] == "certain"
    assert suppressed(running, BOB) == {BOB}
    assert [one["kind"] for one in story(running, message)].count("complained") == 1


def mailgun(reported: dict[str, Any], key: str) -> bytes:
    now, token = str(int(time.time())), secrets.token_hex(25)
    signature = hmac.new(key.encode(), f"{now}{token}".encode(), hashlib.sha256).hexdigest()
    signed = {"timestamp": now, "token": token, "signature": signature}
    return json.dumps({"signature": signed, "event-data": reported}).encode()


def call(url: str, body: bytes) -> int:
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return int(refused.code)
