"""The address a report is about, wherever the server writes it."""

import pytest

from postlude.feedback import parse
from postlude.feedback.recipients import reported_about

HEAD = "From: MAILER-DAEMON@mx.example\nTo: alice@sender.example\nSubject: Undeliverable: Our offer\n\n"
REPORT = (
    "From: MAILER-DAEMON@mx.example\nTo: alice@sender.example\nSubject: Returned mail\n"
    'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n\n'
    "--b\nContent-Type: text/plain\n\nIt failed.\n\n--b\nContent-Type: message/delivery-status\n\n"
    "Reporting-MTA: dns; mx.example\n\n{fields}\n\n--b--\n"
)


def failed(body: str, *known: str) -> list[str]:
    return [found.recipient for found in parse((HEAD + body).encode(), known=known)]


def reported(fields: str) -> list[str]:
    return [found.recipient for found in parse(REPORT.format(fields=fields).encode())]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            (
                "Your message\n  To: team@lists.example\n  Subject: Our offer\n\n"
                "did not reach the following recipient(s):\n\n"
                "bob@customer.example on Fri, 20 Jul 2026 11:08:59 -0700\n    The recipient name is not recognized\n"
                "carol@customer.example on Fri, 20 Jul 2026 11:09:02 -0700\n    The recipient name is not recognized\n"
            ),
            ["bob@customer.example", "carol@customer.example"],
        ),
        (
            (
                "did not reach the following recipient(s):\n\n"
                "c=US;a= ;p=ORG;o=Site;dda:SMTP=bob@customer.example; on Fri, 4 Oct 2026\n 17:12:28\n    unknown\n"
            ),
            ["bob@customer.example"],
        ),
        ("The following addresses did NOT receive a copy:\n\n > bob@customer.example\n", ["bob@customer.example"]),
        ("It could not be delivered to:\n'Bob' <bob@customer.example>\n", ["bob@customer.example"]),
        ("Error for:\n<bob@mailgroup.a.b.c>\n   (reason: 552 5.2.2 Over quota)\n", ["bob@mailgroup.a.b.c"]),
        (
            "Intended recipient: bob@customer.example\nIt has been returned: an error occurred.\n",
            ["bob@customer.example"],
        ),
        ("Your mail to the following recipients could not be delivered:\n\n    bob.lee\n", ["bob.lee@mx.example"]),
        # it failed at the very address the report came back to
        ("The following address failed:\n\n  alice@sender.example\n    mailbox full\n", ["alice@sender.example"]),
        # of a report in sentences the first one tells, and not who is named in the server's answer
        (
            (
                "Your message wasn't delivered to team@groups.example because the address couldn't be found.\n\n"
                "The response was:\n510 5.1.1 Your email address, alice.b@sender.example, is not subscribed to that"
                " group. Send an email to team+subscribe@groups.example\n"
            ),
            ["team@groups.example"],
        ),
        (
            "Your message to bob@customer.example has been blocked. Ask help@mx.example.\n550 5.4.1 Access denied\n",
            ["bob@customer.example"],
        ),
        # whom it is from stands above who failed
        (
            (
                "A message sent by\n  <alice@sender.example>\ncould not be delivered. The following address failed:\n\n"
                "  bob@customer.example\n    550 no such user\n"
            ),
            ["bob@customer.example"],
        ),
    ],
)
def test_reports_in_words(body: str, expected: list[str]) -> None:
    assert failed(body) == expected


def test_a_mailed_address_comes_before_every_other() -> None:
    body = "The following address failed:\n\n  bob@inner.example\n    (from bob@customer.example): 550 no\n"
    assert failed(body, "bob@customer.example") == ["bob@customer.example"]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ("Final-Recipient: rfc822; bob@#customer.example\nAction: failed\nStatus: 5.1.2", "bob@#customer.example"),
        ("Final-Recipient: rfc822; bob@b.c\nAction: failed\nStatus: 5.1.1", "bob@b.c"),
        ("Final-Recipient: RFC822; <bob@customer.example> (Bob)\nAction: failed", "bob@customer.example"),
        ("Final-Recipient: LOCAL;<bob>\nOriginal-Recipient: rfc822;<bob@customer.example>", "bob@customer.example"),
        (
            "Final-Recipient: rfc822;@relay.example:bob@srv\nOriginal-Recipient: rfc822;bob@customer.example",
            "bob@customer.example",
        ),
        ("Final-Recipient: utf-8; m\\x{FC}ller@customer.example\nAction: failed", "m\u00fcller@customer.example"),
        ("Final-Recipient: rfc822; m\\x{44F}@customer.example\nAction: failed", "m\u044f@customer.example"),
        ('Final-Recipient: rfc822; "bob lee"@customer.example\nAction: failed', '"bob lee"@customer.example'),
        (
            "Final-Recipient: x400; /G=Bob/S=Lee/\nOriginal-Recipient: rfc822; bob@customer.example",
            "bob@customer.example",
        ),
    ],
)
def test_the_field_is_taken_as_it_stands(fields: str, expected: str) -> None:
    assert reported(fields) == [expected]


def test_an_unreadable_field_is_never_the_sender() -> None:
    assert reported("Final-Recipient: rfc822; \nAction: failed\nStatus: 5.1.1") != ["alice@sender.example"]


def test_a_repeated_block_is_one_finding() -> None:
    block = "Final-Recipient: rfc822; bob@customer.example\nAction: failed\nStatus: 5.1.1"
    other = "Final-Recipient: rfc822; carol@customer.example\nAction: failed\nStatus: 5.2.2"
    assert reported(f"{block}\n\n{block}\n\n{other}\n\n{block}") == ["bob@customer.example", "carol@customer.example"]


def test_of_a_delay_and_a_failure_the_failure_counts() -> None:
    delay = "Final-Recipient: rfc822; bob@customer.example\nAction: delayed\nStatus: 4.4.1"
    failure = "Final-Recipient: rfc822; bob@customer.example\nAction: failed\nStatus: 5.4.7"
    found = parse(REPORT.format(fields=f"{delay}\n\n{failure}").encode())
    assert [(item.kind, item.status) for item in found] == [("bounced", "5.4.7")]


@pytest.mark.parametrize("word", ["cannot", "could not"])
def test_a_report_that_names_the_mail_first_and_goes_on_below_its_headers(word: str) -> None:
    about = "This report relates to a message you sent with the following header fields:\n\n"
    mail = "  Message-id: <1@sender.example>\n  From: alice@sender.example\n  To: team@lists.example\n  Subject: x\n\n"
    below = (
        f"Your message {word} be delivered to the following recipients:\n\n"
        "  Recipient address: bob@gone.example\n  Reason: Illegal host/domain name found\n"
    )
    (found,) = parse((HEAD + about + mail + below).encode())
    assert found.recipient == "bob@gone.example"
    assert found.reason == "dead_domain"


def test_each_of_several_recipients_has_its_own_words_where_the_mail_is_named_above() -> None:
    about = "Your message\n  To: bob@customer.example; eve@customer.example\n  Subject: Our offer\n\n"
    below = (
        "did not reach the following recipient(s):\n\n"
        "bob@customer.example on Tue, 24 Nov 2026 11:00:00 +0000\n    The recipient name is not recognized\n\n"
        "eve@customer.example on Tue, 24 Nov 2026 11:00:01 +0000\n    The recipient's mailbox is full\n"
    )
    found = parse((HEAD + about + below).encode())
    assert [(one.recipient, one.reason) for one in found] == [
        ("bob@customer.example", "unknown_user"),
        ("eve@customer.example", "mailbox_full"),
    ]


def test_a_report_may_come_back_to_the_very_address_that_failed() -> None:
    raw = (
        b"From: MAILER-DAEMON@s.example\nTo: bob@s.example\nSubject: Undelivered Mail Returned to Sender\n\n"
        b"The mail system\n\n<bob@s.example>: user unknown (5.1.1)\n"
    )
    assert parse(raw)[0].recipient == "bob@s.example"


SPELLED, KEY = "käthe@bücher.example", "käthe@xn--bcher-kva.example"


@pytest.mark.parametrize("known", [SPELLED, KEY, SPELLED.upper()])
@pytest.mark.parametrize("written", [SPELLED, KEY, "Käthe@BÜCHER.example"])
def test_two_spellings_of_a_domain_are_one_address(written: str, known: str) -> None:
    body = f"The mail to carol@customer.example was delivered.\nThis one failed:\n<{written}>: 550 5.1.1 no such user\n"
    assert failed(body, known) == [KEY]


def test_words_about_an_address_are_found_by_either_spelling() -> None:
    report = "bob@customer.example: fine\nKäthe@Bücher.example: 550 no such user\nanna@customer.example: fine\n"
    reported, _ = reported_about(report, KEY, ["bob@customer.example", KEY, "anna@customer.example"])
    assert reported.strip() == "Käthe@Bücher.example: 550 no such user"


def report_about(recipients: int, *, text: str = "It failed.", diagnostic: str = "550 no") -> bytes:
    blocks = "".join(
        f"Final-Recipient: rfc822; a{number}@b.example\nAction: failed\nDiagnostic-Code: smtp; {diagnostic}\n\n"
        for number in range(recipients)
    )
    return (
        "From: MAILER-DAEMON@x.example\nSubject: Undelivered\n"
        "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n\n"
        f"--b\n\n{text}\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n\n{blocks}--b--\n"
    ).encode()


def test_a_report_is_read_about_as_many_recipients_as_a_mail_has() -> None:
    assert len(parse(report_about(1_000))) == 1_000
    assert len(parse(report_about(20_000))) == 1_000


@pytest.mark.no_cover  # small reports reach the same lines; tracing this one doubles what it costs
def test_what_is_quoted_of_a_conversation_is_searched_once_for_all_recipients() -> None:
    """Else a report at the limits of both would take a minute."""
    found = parse(report_about(1_000, text="<<< 550 no\n" * 100_000, diagnostic="550"))
    assert len(found) == 1_000


def test_a_server_that_says_a_million_words_is_heard_for_some() -> None:
    (found,) = parse(report_about(1, diagnostic="550 5.1.1 no such user " * 40_000))
    assert found.status.startswith("5.1.1")
    assert len(found.diagnostic) <= 4_000
