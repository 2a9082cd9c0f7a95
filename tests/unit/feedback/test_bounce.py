"""A bounce is told by its shape: who failed on a line of its own, a server's answer, the mail sent back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.feedback import Finding, FindingKind, Reason, parse

RETURNED = (
    "Return-Path: <alice@sender.example>\nReceived: from a.example by b.example; Tue, 24 Nov 2026 09:00:00 +0000\n"
    "Message-ID: <1@sender.example>\nFrom: Alice <alice@sender.example>\nTo: bob@customer.example\nSubject: Our offer\n"
    "\nHello Bob\n"
)
ORDINARY = {FindingKind.MAIL, FindingKind.REPLIED, FindingKind.AUTORESPONDED}


def one(headers: str, body: str, *, to: str = "alice@sender.example", null: bool = True) -> Finding:
    raw = f"To: {to}\nDate: Tue, 24 Nov 2026 10:00:00 +0000\n{headers}\n\n{body}".encode()
    return parse(raw, mail_from="<>" if null else "<x@y.example>")[0]


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Automatic reply: Spring offer", "I am on leave and my reply will be delayed. Urgent: +49 30 555-0100."),
        ("Out of office", "Until Monday. The delivery was delayed, your order is on its way."),
        ("Re: Spring offer", "My quota of meetings is exceeded this week, sorry. Could not reach you at 550 1234."),
        ("Ticket received", "Your request has been rejected automatically, because the form was not complete."),
        ("Thank you", "Pat does not exist in our directory any more. Write to kim@customer.example instead."),
        ("Invitation", "It is delayed until May.\n\nkim@customer.example\n+49 551 555-0199"),
    ],
)
def test_a_null_sender_and_a_telling_word_make_no_bounce(subject: str, text: str) -> None:
    found = one(f"From: Pat Lee <pat@customer.example>\nSubject: {subject}\nIn-Reply-To: <1@sender.example>", text)
    assert found.kind in ORDINARY


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        (
            "Mail Delivery System <no-reply@cheap.example>",
            "Undelivered messages for alice@sender.example",
            (
                "<p>5 incoming messages were not delivered to alice@sender.example because your mailbox quota is full."
                '<a href="https://login.cheap.example/">Release messages</a></p>'
            ),
        ),
        (
            "Mailer-Daemon <mailer-daemon@cheap.example>",
            "Delivery Status Notification (Failure)",
            (
                "<div>Message delivery failed: sync error.</div>"
                '<a href="https://fix.cheap.example/?u=alice@sender.example">Retry</a>'
            ),
        ),
        (
            "sender.example Administrator <it@cheap.example>",
            "Your mailbox is almost full: messages rejected",
            "Dear alice@sender.example, incoming mail is delayed and will be rejected. Upgrade: http://x.cheap.example/",
        ),
        (
            "Webmail Support <postmaster@cheap.example>",
            "Mail delivery failed",
            '<html><body>alice@sender.example<br>Your account was suspended. <a href="http://x.example">Verify</a></html>',
        ),
        (
            "DHL <track@cheap.example>",
            "Delivery failed",
            "Your parcel could not be delivered. Pay 1.99 at http://x.example",
        ),
        ("Support <x@cheap.example>", "Undelivered Mail", "Failed to deliver.\nalice@sender.example\nhttp://x.example"),
        ("Bank <x@cheap.example>", "Access denied", "Your login was refused and your card suspended."),
    ],
)
def test_phishing_that_plays_a_mail_system_is_no_bounce(sender: str, subject: str, body: str) -> None:
    kind = "text/html" if "<" in body else "text/plain"
    found = one(f"From: {sender}\nSubject: {subject}\nContent-Type: {kind}", body)
    assert found.kind in ORDINARY


@pytest.mark.parametrize(
    ("sender", "subject", "body"),
    [
        ("MAILER-DAEMON@mx.example", "failure notice", f"<bob@customer.example>:\nno mailbox\n\n{RETURNED}"),
        ("MAILER-DAEMON@mx.example", "Returned mail", "Your mail to bob@customer.example failed:\n550 5.1.1 unknown"),
        ("Mail Delivery System <MAILER-DAEMON@mx.example>", "Delivery failure", "bob@customer.example: mailbox full"),
        ('"System Administrator"@mx.example', "Delivery Failure", "Failed Recipient: bob@customer.example\nno user"),
        ("<Postmaster\\@mx.example@x.example>", "Delivery Warning", 'Delivery to\n"bob@customer.example"\nhas failed'),
        ("ndr@mx.example", "Mail delivery failed", f"could not be delivered to its recipient\n\n{RETURNED}"),
        ("Gateway_AntiVirus@mx.example", "Delivery failure", "could not be delivered to:\n\n   bob@customer.example\n"),
        ("bounce@mx.example", "hello", f"<bob@customer.example>:\n550 5.1.1 not delivered\n\n{RETURNED}"),
        ("postmaster@mx.example", "Re: Our offer", f"not delivered to:\n<bob@customer.example>: no\n\n{RETURNED}"),
    ],
)
def test_reports_of_many_shapes(sender: str, subject: str, body: str) -> None:
    found = one(f"From: {sender}\nSubject: {subject}", body)
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("Unzustellbar: Angebot", "Ihre Nachricht konnte nicht zugestellt werden:"),
        ("\u00c9chec de la remise", "Votre message n'a pas pu \u00eatre livr\u00e9 :"),
        ("Error de entrega", "Su mensaje no pudo ser entregado:"),
        ("Falha na entrega", "A mensagem n\u00e3o p\u00f4de ser entregue:"),
        ("Mancata consegna", "Il messaggio non pu\u00f2 essere consegnato:"),
        ("Onbestelbaar", "Uw bericht kon niet worden bezorgd:"),
        ("Nie dostarczono", "Wiadomo\u015b\u0107 nie mog\u0142a zosta\u0107 dostarczona:"),
        (
            "\u041e\u0448\u0438\u0431\u043a\u0430 \u0434\u043e\u0441\u0442\u0430\u0432\u043a\u0438",
            "\u041d\u0435 \u0431\u044b\u043b\u043e \u0434\u043e\u0441\u0442\u0430\u0432\u043b\u0435\u043d\u043e",
        ),
        ("\u7cfb\u7edf\u9000\u4fe1", "\u90ae\u4ef6\u65e0\u6cd5\u53d1\u9001:"),
    ],
)
def test_reports_in_other_languages(subject: str, text: str) -> None:
    found = one(f"From: system@mx.example\nSubject: {subject}", f"{text}\n\n<bob@customer.example>:\n550 5.1.1\n")
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"


def test_an_empty_from_is_none() -> None:
    found = one("From: <>\nSubject:", "You sent mail to bob@customer.example. That's not a valid user here.")
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"


def test_no_from_at_all_is_a_mail_system() -> None:
    found = one("Subject: Delivery report", "Not delivered to:\nbob@customer.example\n550 no such user", null=False)
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"
    assert found.reason == Reason.UNKNOWN_USER


@pytest.mark.parametrize(
    "body",
    [
        f"Hi, see below, what is wrong?\n\n<bob@customer.example>: 550 5.1.1 user unknown\n\n{RETURNED}",
        "It says 550 5.1.1 user unknown for bob@customer.example. Was it rejected?",
    ],
)
@pytest.mark.parametrize("subject", ["Re: Undelivered Mail Returned to Sender", "Fwd: Mail delivery failed"])
def test_who_forwards_a_bounce_does_not_bounce(subject: str, body: str) -> None:
    found = one(f"From: Kim <kim@customer.example>\nSubject: {subject}", body, null=False)
    assert found.kind in ORDINARY


@pytest.mark.parametrize(
    "sender", ["bounce@news.example", "Shop <bounces@news.example>", "postmaster@customer.example"]
)
def test_who_writes_from_an_address_of_a_mail_system_does_not_bounce(sender: str) -> None:
    body = "The delivery is delayed until May.\n\nsales@news.example\n\nAll offers: https://news.example/\n"
    assert one(f"From: {sender}\nSubject: News of May", body, null=False).kind in ORDINARY


@pytest.mark.parametrize(
    "mark", ["List-Id: <talk.lists.test>", "X-BeenThere: talk@lists.test", "X-Mailman-Version: 2.0.4"]
)
def test_a_digest_of_a_list_with_a_null_sender_is_no_bounce(mark: str) -> None:
    digest = (
        f"Return-Path: <>\nFrom: talk-request@lists.test\nTo: alice@sender.test\nSubject: Talk digest, #2\n{mark}\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\n\nA message could not be delivered to\n\n'
        "\tbob@customer.test\n\n--b\nContent-Type: message/rfc822\n\nFrom: bob@customer.test\nTo: talk@lists.test\n"
        "Subject: x\nDate: Mon, 2 Apr 2012 10:00:00 +0000\nMessage-ID: <1@customer.test>\n\nHi\n\n--b--\n"
    )
    assert parse(digest.encode())[0].kind is not FindingKind.BOUNCED


def test_a_report_of_success_is_no_bounce() -> None:
    found = one(
        "From: MAILER-DAEMON@mx.example\nSubject: Delivery report",
        "Your message was delivered to:\nbob@customer.example\n",
    )
    assert found.kind not in {FindingKind.BOUNCED, FindingKind.DEFERRED}


def test_a_postponed_mail_is_delayed() -> None:
    found = one(
        "From: postmaster@mx.example\nSubject: Mail Delivery Warning",
        'Delivery to\n"bob@customer.example"\nhas been postponed due to a full mailbox.\n'
        "We will continue to try to deliver your message.\n",
    )
    assert found.kind == FindingKind.DEFERRED
    assert found.reason == Reason.MAILBOX_FULL


def test_a_mail_without_an_author_needs_the_shape_of_a_report() -> None:
    written = one("Subject: Ticket by unknown user\nReturn-Path: <pat@customer.example>", "Please help.", null=False)
    assert written.kind == FindingKind.MAIL


def test_a_delay_that_only_its_subject_names_is_no_failure() -> None:
    found = one(
        "From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>\nSubject: Delivery Status Notification (Delay)",
        "There was a temporary problem delivering your message to bob@customer.example. Gmail will retry for 46 more "
        "hours. You'll be notified if the delivery fails permanently.",
    )
    assert found.kind == FindingKind.DEFERRED
    assert found.recipient == "bob@customer.example"


@pytest.mark.parametrize(
    ("subject", "text"),
    [
        ("No se ha podido entregar el mensaje", "No se ha entregado a {}: no se ha encontrado la dirección."),
        ("Message non remis", "Votre message à {} n'a pas été remis : adresse introuvable."),
        ("Mensagem não entregue", "A sua mensagem não foi entregue a {}: endereço não encontrado."),
        ("Nachricht konnte nicht zugestellt werden", "Sie wurde nicht an {} zugestellt: Adresse nicht gefunden."),
        ("Impossibile recapitare", "Il messaggio non è stato recapitato a {}: indirizzo non trovato."),
        ("Bericht kan niet worden bezorgd", "Het is niet bezorgd bij {}: adres niet gevonden."),
        ("Nie dostarczono wiadomości", "Wiadomość do {} nie została dostarczona: nie znaleziono adresu."),
        ("Сообщение не доставлено", "Письмо для {} не удалось доставить: адрес не найден."),
    ],
)
def test_reports_in_the_language_of_the_sender(subject: str, text: str) -> None:
    found = one(
        f"From: <mailer-daemon@googlemail.com>\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8",
        text.format("bob@customer.example"),
    )
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"
    assert found.reason == Reason.UNKNOWN_USER


def test_a_mailbox_that_reports_in_its_own_name_is_the_one_that_failed() -> None:
    found = one(
        "From: bob@customer.example\nSubject: Returned mail: User unknown",
        "This server does not like recipient.\n\nRemote host said: 500 User does not exist - <@>\n",
    )
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@customer.example"


@given(st.integers(0, 700), st.integers(0, 300), st.binary(max_size=20))
def test_a_damaged_report_has_an_outcome(start: int, length: int, junk: bytes) -> None:
    raw = (
        "From: MAILER-DAEMON@mx.example\nTo: alice@sender.example\nSubject: failure notice\n"
        'Content-Type: multipart/mixed; boundary="b"\n\n--b\nContent-Type: text/plain; charset=iso-8859-8-i\n\n'
        f"<bob@customer.example>:\n550 5.1.1 no\n\n--b\nContent-Type: message/rfc822\n\n{RETURNED}\n--b--\n"
    ).encode()
    found = parse(raw[:start] + junk + raw[start + length :], known=["bob@customer.example"])
    assert found
    assert not any(item.rule.startswith("crash/") for item in found)
