"""People and lists: none of it is a bounce, a complaint or an automatic answer, whatever it speaks of."""

from collections.abc import Iterator
from email.message import EmailMessage
from itertools import product

import pytest

from postlude.feedback import FindingKind, parse

K = FindingKind
SUBJECTS = (
    "Undelivered mail on our server, please help",
    "Re: Undelivered Mail Returned to Sender",
    "Fwd: Delivery Status Notification (Failure)",
    "Out of stock, not out of office",
    "Automatic doors for the new office",
    "Vacation plans for August",
    "Your spam report from last week",
    "Stop by on Friday?",
    "Mailbox full of letters",
    "Betreff: Zustellung der Möbel fehlgeschlagen?",
    "不在者投票について",
    "Re: failure notice",
    "AW: Abwesenheit nächste Woche",
    "auto insurance",
)
TEXTS = (
    "I got this from your server yesterday:\n\n> 550 5.1.1 <bob@example.org>: User unknown\n\nWhat does it mean?",
    "The parcel could not be delivered, it was returned to sender. Permanent error, they said.",
    "I am on vacation until Monday and will answer then. Really me, typing on the beach.",
    "Please stop calling at night, and unsubscribe me from nothing else; I like your letters.",
    "mailbox unavailable, quota exceeded, spam detected: a poem in SMTP.",
    "User unknown? No such user? Who wrote these messages in 1982?",
)
SENDERS = (
    "Bob <bob@customer.test>",
    "Postmaster Pat <pat@customer.test>",
    '"Mail Delivery Services Ltd, Anna" <anna@delivery.test>',
    "root@server.test",
)


def raw_mails() -> Iterator[EmailMessage]:
    for sender, subject, text in product(SENDERS, SUBJECTS, TEXTS):
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = sender, "alice@sender.test", subject
        message["Message-ID"] = "<1@customer.test>"
        message.set_content(text + "\n")
        yield message


def through_a_list(message: EmailMessage) -> EmailMessage:
    message["List-Id"] = "Deliverability talk <talk.lists.test>"
    message["List-Unsubscribe"] = "<https://lists.test/leave>"
    message["Precedence"] = "list"
    message["Return-Path"] = "<talk-bounces@lists.test>"
    return message


@pytest.mark.parametrize("kind", ["alone", "in a thread", "through a list", "newsletter"])
def test_none_of_it_is_taken_for_a_report(kind: str) -> None:
    wrong = []
    for message in raw_mails():
        if kind == "in a thread":
            message["In-Reply-To"] = message["References"] = "<offer@sender.test>"
        elif kind == "through a list":
            through_a_list(message)
        elif kind == "newsletter":
            through_a_list(message).replace_header("Precedence", "bulk")
            message["Auto-Submitted"] = "auto-generated"
        (found,) = parse(message.as_bytes())
        if found.kind not in {K.MAIL, K.REPLIED}:
            wrong.append((message["From"], message["Subject"], found.kind, found.rule))
    assert not wrong, wrong[:5]


def test_a_bounce_somebody_forwards_for_help_is_a_person_writing() -> None:
    inner = EmailMessage()
    inner["From"], inner["To"] = "MAILER-DAEMON@mx.test", "bob@customer.test"
    inner["Subject"] = "Undelivered Mail Returned to Sender"
    inner.set_content("<x@gone.test>: 550 5.1.1 user unknown\n")
    message = EmailMessage()
    message["From"], message["To"] = "Bob <bob@customer.test>", "alice@sender.test"
    message["Subject"], message["Message-ID"] = "Fwd: Undelivered Mail Returned to Sender", "<2@customer.test>"
    message.set_content("Look what I got.\n")
    message.add_attachment(inner)
    (found,) = parse(message.as_bytes())
    assert found.kind in {K.MAIL, K.REPLIED}
