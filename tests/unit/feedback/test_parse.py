import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.feedback import Evidence, Finding, FindingKind, Persistence, Reason, build, parse
from postlude.feedback.returned_message import MAX_REPORT

NOON = 1_700_000_000_000_000
TAG = {purpose: raw_mail * 28 for purpose, raw_mail in {"b": "a", "r": "c", "u": "d", "m": "e"}.items()}
TOKEN = "A" * 36
ACT_TOKEN = "B" * 36
ORIGINAL = (
    b"Return-Path: <bounce+" + TAG["b"].encode() + b"@return.example>\r\nFrom: Alice <alice@sender.example>\r\n"
    b"To: bob@example.org\r\nSubject: Our offer\r\nMessage-ID: <1@sender.example>\r\n"
    b"Date: Tue, 14 Nov 2023 22:00:00 +0000\r\nContent-Type: text/html\r\n\r\n"
    b'<p>Hello Bob</p><img src="https://t.example/i/' + TOKEN.encode() + b'.gif">\r\n'
)


def tags(purpose: str, text: str) -> int | None:
    if purpose in {"a", "l"}:
        return 7 if text == {"a": ACT_TOKEN, "l": TOKEN}[purpose] else None
    return 7 if text == TAG[purpose] else 8 if text == "g" * 28 and purpose == "b" else None


def one(raw: bytes, **how: str) -> Finding:
    found = parse(raw, tags=tags, **how)
    assert len(found) == 1
    return found[0]


def bounce(status: str = "5.1.1", diagnostic: str = "550 5.1.1 no such user", **more: str) -> bytes:
    return build.build_bounce(
        ORIGINAL,
        recipient="bob@example.org",
        reporting_mta="mx.example",
        status=status,
        diagnostic=diagnostic,
        at=NOON,
        **more,
    )


def mail(headers: str, body: str = "Hello\n") -> bytes:
    return f"From: Bob <bob@example.org>\nTo: alice@sender.example\n{headers}\n\n{body}".encode()


def test_a_bounce_says_who_why_and_which_copy() -> None:
    found = one(bounce(), rcpt_to=f"bounce+{TAG['b']}@return.example")
    assert found.kind == FindingKind.BOUNCED
    assert found.recipient == "bob@example.org"
    assert found.copy == 7
    assert found.reason == Reason.UNKNOWN_USER
    assert found.status == "5.1.1"
    assert found.code == 550
    assert found.persistence == Persistence.GONE
    assert found.evidence == Evidence.ENVELOPE_TAG
    assert found.message_ids == ("1@sender.example",)
    assert found.original_subject == "Our offer"


@pytest.mark.parametrize(
    ("status", "kind"), [("4.4.1", FindingKind.DEFERRED), ("2.1.5", FindingKind.DELIVERED), ("", FindingKind.BOUNCED)]
)
def test_the_action_decides_the_kind(status: str, kind: FindingKind) -> None:
    assert one(bounce(status, "")).kind is kind


def test_a_bare_5xx_is_5_0_0() -> None:
    assert one(bounce("", "550 go away")).status == "5.0.0"


def test_the_envid_we_gave_comes_back() -> None:
    found = one(bounce(to="postmaster@sender.example", envid=TAG["b"]).replace(b"bounce+", b"x"))
    assert found.copy == 7
    assert found.evidence == Evidence.ENVID


def test_two_tags_at_odds_conclude_nothing() -> None:
    found = one(bounce(), rcpt_to=f"bounce+{'g' * 28}@return.example")
    assert found.copy == 0
    assert bool(found.conflict)


@pytest.mark.parametrize(
    ("reported", "reason"),
    [
        ("552 5.2.2 mailbox full", Reason.MAILBOX_FULL),
        ("550 5.7.1 blocked using zen.spamhaus.org", Reason.REPUTATION),
        ("550 5.7.26 unauthenticated mail, DMARC policy", Reason.AUTHENTICATION),
        ("552 5.3.4 message size exceeds limit", Reason.TOO_LARGE),
        ("550 5.1.2 host unknown", Reason.DEAD_DOMAIN),
        ("556 5.1.10 null MX", Reason.NO_MAIL_DOMAIN),
        ("554 5.7.1 message flagged as spam", Reason.SPAM),
        ("450 4.7.1 greylisted", Reason.RATE_LIMITED),
        ("550 account has been disabled", Reason.DISABLED_USER),
        ("554 virus found", Reason.VIRUS),
        ("550 relaying denied", Reason.RELAYING_DENIED),
        ("550 <spam-virus-full@example.org> 5.1.1", Reason.UNKNOWN_USER),
    ],
)
def test_reasons(reported: str, reason: Reason) -> None:
    assert one(bounce("", reported)).reason is reason


def test_a_complaint_with_a_hidden_recipient_is_matched_by_what_was_sent_back() -> None:
    raw = build.build_complaint(ORIGINAL, recipient="bob@example.org", reporting="isp.example", at=NOON, redact=True)
    found = one(raw.replace(b"To: <bounce+", b"To: <x"))
    assert found.kind == FindingKind.COMPLAINED
    assert found.copy == 7


@pytest.mark.parametrize(
    ("feedback", "kind"),
    [
        (b"not-spam", FindingKind.NOT_SPAM),
        (b"auth-failure", FindingKind.AUTH_FAILURE),
        (b"opt-out", FindingKind.UNSUBSCRIBED),
        (b"fraud", FindingKind.COMPLAINED),
    ],
)
def test_reports_are_told_apart(feedback: bytes, kind: FindingKind) -> None:
    raw = build.build_complaint(ORIGINAL, recipient="bob@example.org", reporting="isp.example", at=NOON)
    assert one(raw.replace(b"Feedback-Type: abuse", b"Feedback-Type: " + feedback)).kind is kind


def test_only_displayed_is_a_read_and_deleted_is_a_refusal() -> None:
    raw = build.build_displayed(ORIGINAL, recipient="bob@example.org", at=NOON)
    assert one(raw).kind is FindingKind.DISPLAYED
    rejected = one(raw.replace(b"; displayed", b"; deleted"))
    assert rejected.kind == FindingKind.BOUNCED
    assert rejected.reason == Reason.RECIPIENT_REFUSED
    unread = raw.replace(b"; displayed", b"; deleted").replace(b"was displayed", b"deleted without being read")
    assert one(unread).kind is FindingKind.MAIL
    assert one(raw.replace(b"; displayed", b"; processed")).kind is FindingKind.MAIL


def test_a_reply_without_its_quote() -> None:
    found = one(build.build_reply(ORIGINAL, sender="bob@example.org", text="Yes, please.\nBob", at=NOON))
    assert found.kind == FindingKind.REPLIED
    assert found.text == "Yes, please.\nBob"
    assert found.copy == 7
    assert found.evidence == Evidence.QUOTED_LINK


@pytest.mark.parametrize(
    ("url", "evidence"),
    [
        (f"https://t.example/u/{ACT_TOKEN}", Evidence.QUOTED_PAGE),
        (f"https://t.example/i/{TOKEN}.gif https://t.example/u/{ACT_TOKEN}", Evidence.QUOTED_PAGE),
        (f"https://t.example/l/{TOKEN}/1.x/y", Evidence.QUOTED_LINK),
        (f"https://t.example/u/{TOKEN}", Evidence.QUOTED_LINK),
        (f"https://t.example/u/{'C' * 36}", Evidence.NONE),
    ],
)
def test_the_address_of_a_page_is_better_evidence_than_a_link(url: str, evidence: Evidence) -> None:
    assert one(mail("Subject: Re: Our offer", f"Hello\n\n> {url} \n")).evidence is evidence


def test_the_page_in_the_returned_list_unsubscribe_matches_a_complaint() -> None:
    returned = ORIGINAL.replace(TAG["b"].encode(), b"x").replace(TOKEN.encode(), b"x")
    url = b"List-Unsubscribe: <https://t.example/u/" + ACT_TOKEN.encode() + b">\r\n"
    raw = build.build_complaint(url + returned, recipient="bob@example.org", reporting="isp.example", at=NOON)
    assert one(raw).evidence is Evidence.QUOTED_PAGE


def test_a_vacation_message_to_the_bounce_address_is_no_bounce() -> None:
    raw = build.build_autoreply(ORIGINAL, sender="bob@example.org", text="Away until Monday", at=NOON)
    found = one(raw, rcpt_to=f"bounce+{TAG['b']}@return.example")
    assert found.kind == FindingKind.AUTORESPONDED
    assert found.copy == 7


def test_the_unsubscribe_address_comes_before_the_auto_reply_filter() -> None:
    to = f"u+{TAG['u']}@return.example"
    found = one(build.build_unsubscribe(sender="bob@example.org", to=to, at=NOON), rcpt_to=to)
    assert found.kind == FindingKind.UNSUBSCRIBED
    assert found.copy == 7
    assert found.evidence == Evidence.UNSUBSCRIBE_TAG


@pytest.mark.parametrize("text", ["unsubscribe", "STOP", "Please unsubscribe me.", "Bitte abmelden", "désinscription"])
def test_asking_to_leave_by_reply(text: str) -> None:
    assert one(mail("Subject: Re: Our offer\nIn-Reply-To: <1@x.example>", text)).kind is FindingKind.UNSUBSCRIBED


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Subject: Re: Our offer\nIn-Reply-To: <1@x.example>", "Please stop by tomorrow and unsubscribe the old one."),
        ("Subject: Fwd: Undelivered Mail Returned to Sender", "Look: <x@y.example>: 550 5.1.1 user unknown"),
        ("Subject: Re: Mail delivery failed", "It said 550 user unknown, what now?"),
        ("Subject: Newsletter\nList-Id: <a.example>\nPrecedence: bulk\nAuto-Submitted: auto-generated", "rejected"),
        ("Subject: build failed\nAuto-Submitted: auto-generated", "The build failed: rejected."),
        ("Subject: my mailbox is full of spam", "and delivery failed twice, quota exceeded"),
        ("Subject: Re: holiday\nX-Auto-Response-Suppress: All", "I am out of ideas"),
    ],
)
def test_people_and_lists_are_neither_bounces_nor_robots(headers: str, body: str) -> None:
    assert one(mail(headers, body)).kind in {FindingKind.REPLIED, FindingKind.MAIL}


@pytest.mark.parametrize(
    "headers",
    [
        "Subject: x\nAuto-Submitted: auto-replied",
        "Subject: Automatic reply: Our offer",
        "Subject: x\nX-Autoreply: yes",
        "Subject: x\nPrecedence: auto_reply",
        "Subject: [#12] Ticket received\nAuto-Submitted: auto-generated\nIn-Reply-To: <1@x.example>",
        "Subject: Abwesenheitsnotiz: Our offer",
    ],
)
def test_robots(headers: str) -> None:
    assert one(mail(headers)).kind is FindingKind.AUTORESPONDED


@pytest.mark.parametrize("raw", [b"", b" \r\n", b"\x00\xff\xfe", b"no header here"])
def test_what_is_no_mail_is_unreadable(raw: bytes) -> None:
    assert one(raw).kind is FindingKind.UNREADABLE


@given(st.binary(max_size=400))
def test_any_bytes_have_an_outcome(raw: bytes) -> None:
    assert parse(raw, tags=tags)


@given(st.integers(0, 3000), st.integers(0, 3000), st.binary(max_size=20))
def test_any_damage_has_an_outcome(start: int, length: int, junk: bytes) -> None:
    raw = bounce()
    found = parse(raw[:start] + junk + raw[start + length :], tags=tags)
    assert found
    assert not any(item.rule.startswith("crash/") for item in found)


def test_one_finding_per_recipient_however_the_fields_stand() -> None:
    raw = bounce()
    moved = raw.replace(b"Original-Recipient: rfc822;bob@example.org\r\n", b"")
    moved = moved.replace(b"Final-Recipient:", b"Original-Recipient: rfc822;b@x.example\r\nFinal-Recipient:")
    assert [item.recipient for item in parse(moved)] == ["bob@example.org"]
    second = b"Final-Recipient: rfc822; carol@example.org\r\nAction: failed\r\nStatus: 5.2.2\r\n"
    run_together = raw.replace(b"Last-Attempt-Date:", second + b"Last-Attempt-Date:")
    assert [item.recipient for item in parse(run_together)] == ["bob@example.org", "carol@example.org"]


def test_the_words_stand_at_the_top_and_what_follows_costs_nothing() -> None:
    head = b"From: MAILER-DAEMON@x.example\r\nSubject: failure notice\r\n\r\nIt could not be delivered\r\n"
    far = head + b"/" + b"A" * MAX_REPORT + b"\r\n<bob@example.org>: 550 5.1.1 user unknown\r\n"
    near = head + b"<bob@example.org>: 550 5.1.1 user unknown\r\n" + b"/" + b"A" * 4 * MAX_REPORT
    assert parse(near)[0].recipient == "bob@example.org"
    assert parse(far)[0].recipient == ""
