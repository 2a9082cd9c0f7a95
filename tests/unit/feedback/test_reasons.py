"""What a refusal says about the address: a reason for people, and GONE only where it is beyond doubt."""

from pathlib import Path

import pytest

from postlude.feedback import Finding, FindingKind, Persistence, Reason
from postlude.feedback.reasons import find_code, find_reason, find_status, persistence_of
from postlude.feedback.refusal import with_reason

R = Reason
GONE = [
    ("550 5.1.1 <bob@example.org>: Recipient address rejected: User unknown in virtual mailbox table", "5.1.1", 550),
    ("550 no such user here", "", 550),
    ("550-5.1.1 The email account that you tried to reach does not exist. Please try double-checking", "5.1.1", 550),
    ("550 5.1.1 RESOLVER.ADR.RecipNotFound; not found", "5.1.1", 550),
    ("550 5.2.1 The email account that you tried to reach is disabled", "5.2.1", 550),
    ("525 5.7.13 <bob@example.org>: Recipient address rejected: User account disabled", "5.7.13", 525),
    ("Host or domain name not found. Name service error for name=gone.example type=A: Host not found", "5.4.4", 0),
    ("550 <bob@example.org> is not known here", "", 550),
    ("550 <bob@example.org> is inactive on this domain", "", 550),
    ("556 5.1.10 domain does not accept mail", "5.1.10", 556),
]
NOT_GONE = [
    # says nothing else
    ("550 5.0.0", "5.0.0", 550, R.UNDEFINED),
    ("550 rejected", "", 550, R.UNDEFINED),
    ("553 sorry", "", 553, R.UNDEFINED),
    ("521 no", "", 521, R.UNDEFINED),
    ("554 5.7.1 rejected", "5.7.1", 554, R.POLICY),
    # RFC 5321 4.2.3: the stock text of any 550
    ("550 Requested action not taken: mailbox unavailable", "", 550, R.UNKNOWN_USER),
    # the code says "unknown", the words speak of who wrote, of what was written, or of the moment
    ("550 5.1.1 You have been blocked by the recipient", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 sender address is not whitelisted", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 Your message was blocked because of its content", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 this mailbox is only accepting mail from known senders", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 only authenticated users can write to this group", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 Access denied by policy", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 LDAP lookup failure", "5.1.1", 550, R.UNKNOWN_USER),
    ("550 5.1.1 User's mailbox is locked for maintenance", "5.1.1", 550, R.DISABLED_USER),
    ("550 5.1.1 undeliverable address: connect to mx.x.example: Connection refused", "5.1.1", 550, R.NETWORK),
    # somebody else is unknown
    ("553 5.1.8 Domain of sender address bounce@x.example does not exist", "5.1.8", 553, R.SENDER_REFUSED),
    ("550 5.1.8 <a@b.example>: Sender address rejected: Domain not found", "5.1.8", 550, R.SENDER_REFUSED),
    ("550-Callback setup failed while verifying: user unknown 550 Sender verify failed", "", 550, R.SENDER_REFUSED),
    ("550 unknown sender address", "", 550, R.SENDER_REFUSED),
    ("550 5.1.7 invalid address", "5.1.7", 550, R.SENDER_REFUSED),
    ("550 5.7.1 to protect our users the message has been blocked", "5.7.1", 550, R.POLICY),
    ("521 5.3.2 shutting down for maintenance", "5.3.2", 521, R.SYSTEM),
    ("550 5.7.1 <host>: Helo command rejected: Host not found", "5.7.1", 550, R.REPUTATION),
    ("550 HELO unknown host", "", 550, R.REPUTATION),
    ("554 5.7.1 Client host blocked using zen.spamhaus.org; no such user listed", "5.7.1", 554, R.UNKNOWN_USER),
    ("550 Message rejected: invalid address in header From", "", 550, R.UNKNOWN_USER),
    ("550 5.7.1 the recipient does not accept mail from your domain", "5.7.1", 550, R.RECIPIENT_REFUSED),
    ("550 5.1.7 No such domain", "5.1.7", 550, R.SENDER_REFUSED),
    ("550 5.1.8 mailbox disabled", "5.1.8", 550, R.SENDER_REFUSED),
    ("553 5.1.8 this domain does not accept mail", "5.1.8", 553, R.SENDER_REFUSED),
    # a group refuses who does not belong to it, with the code of an unknown user
    ("510 5.1.1 Your email address, a@b.example, is not subscribed to that group", "5.1.1", 510, R.SENDER_REFUSED),
    ("550 5.1.1 List is members only", "5.1.1", 550, R.SENDER_REFUSED),
    ("550 5.1.1 You must be a subscriber to post", "5.1.1", 550, R.SENDER_REFUSED),
    ("550 Domain may not exist or DNS check failed [IP: 192.0.2.1]", "", 550, R.SENDER_REFUSED),
    ("550 The domain of x may not exist: no such domain", "", 550, R.DEAD_DOMAIN),
    # a wish about one mail
    ("they are not accepting mail with attachments or embedded images", "", 0, R.CONTENT),
    ("550 not accepting mail for that list from strangers", "", 550, R.RECIPIENT_REFUSED),
    # what stands at MAIL FROM is about who sent
    ("553 mail.example.com does not exist (in reply to MAIL FROM command)", "", 553, R.SENDER_REFUSED),
    ("554 Too many unknown RCPT TO addresses from host", "", 554, R.REPUTATION),
    ("550 this address no longer accepts messages with attachments", "", 550, R.CONTENT),
    ("lowest numbered MX record points to local host", "", 0, R.SYSTEM),
    ("451 4.5.0 virus_scan FAILED: ALL VIRUS SCANNERS FAILED", "4.5.0", 451, R.SYSTEM),
    # one sentence does not answer for the next
    ("550 an undisclosed address. your message was rejected as spam", "", 550, R.SPAM),
    ("the user will be informed. this service is no longer free", "", 0, R.UNDEFINED),
    # only for now
    ("450 4.1.1 unverified address: user unknown", "4.1.1", 450, R.UNKNOWN_USER),
    ("550 5.4.312 Message expired, DNS query failed", "5.4.312", 550, R.NETWORK),
    ("Name service error for name=x.example type=MX: Host not found, try again", "4.4.3", 0, R.NETWORK),
    ("550 account temporarily disabled", "5.2.1", 550, R.DISABLED_USER),
    ("550-5.2.1 The user you are trying to contact is receiving mail at a rate that", "5.2.1", 550, R.RATE_LIMITED),
    ("552 5.2.2 mailbox full", "5.2.2", 552, R.MAILBOX_FULL),
    ("550 5.2.1 no thanks", "5.2.1", 550, R.DISABLED_USER),
    # the client's own frame is no reason, what the server answered is
    ("host mx[192.0.2.1] refused to talk to me: 550 Access denied", "", 550, R.POLICY),
    ("host mx[192.0.2.1] refused to talk to me: 421 too many connections", "", 421, R.RATE_LIMITED),
    ("host mx[192.0.2.1] refused to talk to me: 452 come back", "", 452, R.SYSTEM),
    ("host mx[192.0.2.1] refused to talk to me: 554 mx", "", 554, R.REPUTATION),
    # the lines of one reply repeat its codes in the middle of a sentence
    ("450-4.2.1 the user is receiving 450-4.2.1 mail at a rate that 450 4.2.1 is high", "4.2.1", 450, R.RATE_LIMITED),
    ("550-5.7.1 this message is likely 550-5.7.1 unsolicited 550 5.7.1 mail", "5.7.1", 550, R.SPAM),
    ("550-the mailbox is 550 full", "", 550, R.MAILBOX_FULL),
    # whose verification failed says the last line, not the answer it quotes
    ("550-response: 550 5.1.1 no such user here 550 sender verify failed", "5.1.1", 550, R.SENDER_REFUSED),
    ("550-callout verification failed: 550 no such user", "", 550, R.UNKNOWN_USER),
    # a reply code without words of its kind does not end an address (RFC 5321 551, RFC 7504 556)
    ("551 root account unavailable", "", 551, R.UNKNOWN_USER),
    ("556 the number of receivers is over size", "", 556, R.RATE_LIMITED),
    ("556 no thanks", "", 556, R.NO_MAIL_DOMAIN),
    # 501 is about a command's argument, and no domain but the recipient's ends an address
    ("501 5.0.0 invalid domain name", "5.0.0", 501, R.PROTOCOL),
    ("501 domain does not exist", "", 501, R.PROTOCOL),
    ("550 no host name found for ip address 192.0.2.4", "", 550, R.REPUTATION),
    ("550 5.1.1 from header must end with @x.example", "5.1.1", 550, R.SENDER_REFUSED),
    ("routing server failure", "", 0, R.NETWORK),
    # only AUTH is answered with 534, 535 and 538, only a missing one with 530 (RFC 4954 section 6)
    ("535 denied", "", 535, R.AUTHENTICATION),
    ("535 authentication failed - protocol error", "", 535, R.AUTHENTICATION),
    ("534 5.7.9 application-specific password required", "5.7.9", 534, R.AUTHENTICATION),
    ("530 5.7.1 client was not authenticated", "5.7.1", 530, R.AUTHENTICATION),
    ("530 5.7.0 must issue a starttls command first", "5.7.0", 530, R.NETWORK),
    # a list of hosts or domains one may write to is about relaying, not about the address
    ("553 sorry, that domain is not in my list of allowed rcpthosts", "", 553, R.RELAYING_DENIED),
    ("553 this domain is not in our list of permitted hosts", "", 553, R.RELAYING_DENIED),
    # where no rule knows the wording, single words say what it is about, and end nothing
    ("550 5.7.1 too many requests", "5.7.1", 550, R.RATE_LIMITED),
    ("550 5.7.1 rejected: mx.example listed at relays.example.org", "5.7.1", 550, R.REPUTATION),
    ("521 <192.0.2.4> is blocked", "", 521, R.REPUTATION),
    ("550 requires valid sender domain", "", 550, R.SENDER_REFUSED),
    ("557 the length of content is at the maximum threshold", "", 557, R.TOO_LARGE),
    ("526 no data for it in the dns", "", 526, R.DEAD_DOMAIN),
    ("550 route does not accept incoming messages", "", 550, R.RECIPIENT_REFUSED),
    ("450 busy - please try later", "", 450, R.SYSTEM),
    ("550 no longer served: dormant", "", 550, R.DISABLED_USER),
]


def judge(reported: str, status: str, code: int) -> tuple[Reason, Persistence]:
    reason, rule = find_reason([reported.lower()], status, code)
    return reason, persistence_of(reason, rule, status, code, reported)


@pytest.mark.parametrize(("reported", "status", "code"), GONE)
def test_an_address_that_is_gone(reported: str, status: str, code: int) -> None:
    assert judge(reported, status, code)[1] is Persistence.GONE


@pytest.mark.parametrize(("reported", "status", "code", "reason"), NOT_GONE)
def test_what_does_not_end_an_address(reported: str, status: str, code: int, reason: Reason) -> None:
    assert judge(reported, status, code)[0] is reason
    assert judge(reported, status, code)[1] is not Persistence.GONE


REPLIES = [line.split("\t") for line in Path(__file__).with_name("foreign_replies.tsv").read_text().splitlines()]
SUPPRESSING = {R.UNKNOWN_USER, R.DISABLED_USER, R.MOVED, R.DEAD_DOMAIN, R.NO_MAIL_DOMAIN}


def foreign(text: str) -> Finding:
    return with_reason(Finding(kind=FindingKind.BOUNCED), text)


WAYS = [line.split("\t") for line in Path(__file__).with_name("ways_to_say.tsv").read_text().splitlines()]


def test_every_reason_is_understood_in_many_wordings() -> None:
    wrong = [(text, foreign(text).reason) for accepted, text in WAYS if foreign(text).reason not in accepted.split(",")]
    assert wrong == []


def test_no_wording_of_another_matter_ends_an_address() -> None:
    others = [text for accepted, text in WAYS if not SUPPRESSING & {R(one) for one in accepted.split(",")}]
    assert [text for text in others if foreign(text).persistence is Persistence.GONE] == []


def test_what_is_unknown_about_somebody_else_ends_no_address() -> None:
    replies = Path(__file__).with_name("not_about_the_recipient.txt").read_text().splitlines()
    assert [text for text in replies if foreign(text).persistence is Persistence.GONE] == []


def test_foreign_replies_are_read() -> None:
    """docs/dev/bounce-reasons.md says where they come from, and what the first reading of each set came to."""
    right = sum(foreign(text).reason in accepted.split(",") for _, _, accepted, text in REPLIES)
    assert right / len(REPLIES) >= 0.92


def test_no_foreign_reply_about_something_else_ends_an_address() -> None:
    others = [text for _, _, accepted, text in REPLIES if not SUPPRESSING & {R(one) for one in accepted.split(",")}]
    assert [text for text in others if foreign(text).persistence is Persistence.GONE] == []


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("550 no", 550),
        ("smtp;550-5.7.1 no", 550),
        ("contact us at (480) 624-2500", 0),
        ("call 480-624-2500 or 555-0100", 0),
        ("call 555 010 0200", 0),
        ("it weighs 4.550 kg", 0),
        ("(550) no", 550),
    ],
)
def test_a_telephone_number_is_no_reply_code(text: str, code: int) -> None:
    assert find_code(text) == code


def test_a_version_is_no_status_code() -> None:
    assert find_status("Mailman 2.0.12 says 5.2.2") == "5.2.2"


def test_a_subject_that_is_repeated_says_nothing() -> None:
    reported = "Your message\n  Subject: your mailbox is full of spam\n  Sent: today\nbob: no such user"
    assert with_reason(Finding(kind=FindingKind.BOUNCED), reported).reason is R.UNKNOWN_USER


def test_what_stands_above_counts_where_the_words_say_nothing() -> None:
    base = Finding(kind=FindingKind.BOUNCED)
    assert with_reason(base, "bob", above="not delivered within 2 days").reason is R.EXPIRED
    assert with_reason(base, "bob: mailbox full", above="not delivered within 2 days").reason is R.MAILBOX_FULL
