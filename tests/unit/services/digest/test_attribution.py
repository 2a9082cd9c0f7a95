from collections.abc import Iterable, Sequence
from typing import NamedTuple

import pytest

from postlude.feedback import Evidence, Finding, FindingKind, Persistence, Reason, plain_subject
from postlude.model.errors import NotFoundError
from postlude.model.words import EventKind
from postlude.services.digest.attribution import DAY, Strength, UnmatchedReason, attribute, tag_reader
from postlude.tokens import KeyRing, Kind, TagPurpose, TokenCodec

NOW = 1_700_000_000_000_000


class Row(NamedTuple):
    id: int
    message: int
    recipient: str


class Mail(NamedTuple):
    subject: str
    sender: str
    created_at: int
    message_id: str


class Shelf:
    """A store of two messages: one to Bob and Carol, one to Dave alone."""

    rows = (Row(1, 10, "bob@example.org"), Row(2, 10, "Carol@example.net"), Row(3, 20, "dave@example.org"))
    messages = {  # noqa: RUF012 - constant of a test
        10: Mail("Our offer", "alice@sender.example", NOW - DAY, "ten@sender.example"),
        20: Mail("Old news", "alice@sender.example", NOW - 40 * DAY, "twenty@sender.example"),
    }

    def copy(self, copy: int) -> Row:
        found = [row for row in self.rows if row.id == copy]
        if not found:
            raise NotFoundError(str(copy))
        return found[0]

    def copies(self, message: int) -> Sequence[Row]:
        return [row for row in self.rows if row.message == message]

    def get(self, message: int) -> Mail:
        return self.messages[message]

    def copies_by_message_id(self, texts: Iterable[str]) -> Sequence[Row]:
        wanted = set(texts)
        return [row for row in self.rows if self.messages[row.message].message_id in wanted]

    def copies_to(self, address: str, since: int) -> Sequence[Row]:
        return [
            row
            for row in self.rows
            if row.recipient.lower() == address and self.messages[row.message].created_at >= since
        ]


def bounce(**changes: object) -> Finding:
    values = {"recipient": "bob@example.org", "reason": Reason.UNKNOWN_USER, "persistence": Persistence.GONE} | changes
    return Finding(kind=FindingKind.BOUNCED, **values)  # type: ignore[arg-type]


def reply(sender: str, **changes: object) -> Finding:
    values = {"kind": FindingKind.REPLIED, "recipient": sender, "sender": sender} | changes
    return Finding(**values)  # type: ignore[arg-type]


def test_a_signed_bounce_is_certain_and_suppresses() -> None:
    found = attribute(bounce(copy=1, evidence=Evidence.ENVELOPE_TAG), Shelf(), at=NOW)
    assert found.kind == EventKind.BOUNCED
    assert found.copy == 1
    assert found.message == 10
    assert found.strength == Strength.CERTAIN
    assert found.credited is True
    assert found.suppress == "unknown_user"
    assert found.facts["reason"] == "unknown_user"


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": Reason.SPAM},
        {"reason": Reason.MAILBOX_FULL},
        {"reason": Reason.UNKNOWN_USER, "persistence": Persistence.UNKNOWN},
        {"reason": Reason.REPUTATION},
    ],
)
def test_what_is_not_the_addresses_fault_for_good_does_not_suppress(changes: dict[str, object]) -> None:
    found = attribute(bounce(copy=1, evidence=Evidence.ENVELOPE_TAG, **changes), Shelf(), at=NOW)
    assert found.kind == EventKind.BOUNCED
    assert found.suppress == ""


def test_unsigned_evidence_matches_and_never_suppresses() -> None:
    found = attribute(bounce(message_ids=("ten@sender.example",)), Shelf(), at=NOW)
    assert found.copy == 1
    assert found.strength == Strength.STRONG
    assert found.suppress == ""
    forged = Finding(kind=FindingKind.COMPLAINED, recipient="bob@example.org", message_ids=("ten@sender.example",))
    assert attribute(forged, Shelf(), at=NOW).suppress == ""


def test_a_complaint_and_an_unsubscribe_with_a_tag_suppress() -> None:
    for kind in (FindingKind.COMPLAINED, FindingKind.UNSUBSCRIBED):
        item = Finding(kind=kind, recipient="bob@example.org", copy=1, evidence=Evidence.UNSUBSCRIBE_TAG)
        assert attribute(item, Shelf(), at=NOW).suppress == kind.value


def test_conflicting_evidence_is_quarantined() -> None:
    found = attribute(bounce(conflict="two tags"), Shelf(), at=NOW)
    assert found.kind == EventKind.UNMATCHED
    assert found.unmatched == UnmatchedReason.CONFLICT
    crossed = attribute(bounce(copy=1, evidence=Evidence.ENVELOPE_TAG, recipient="carol@example.net"), Shelf(), at=NOW)
    assert crossed.kind == EventKind.UNMATCHED
    assert crossed.unmatched == UnmatchedReason.CONFLICT
    assert crossed.suppress == ""


def test_a_forwarded_bounce_keeps_its_tag() -> None:
    found = attribute(
        bounce(copy=1, evidence=Evidence.ENVELOPE_TAG, recipient="bob@elsewhere.example"), Shelf(), at=NOW
    )
    assert found.kind == EventKind.BOUNCED
    assert found.copy == 1


def test_a_token_of_a_copy_that_is_not_stored() -> None:
    found = attribute(bounce(copy=99, evidence=Evidence.ENVELOPE_TAG), Shelf(), at=NOW)
    assert found.kind == EventKind.UNMATCHED
    assert found.unmatched == UnmatchedReason.UNKNOWN_COPY


def test_a_bounce_by_address_time_and_subject() -> None:
    found = attribute(bounce(original_subject="OUR  offer"), Shelf(), at=NOW)
    assert found.copy == 1
    assert found.evidence == Evidence.ADDRESS
    assert found.strength == Strength.PROBABLE
    late = attribute(bounce(original_subject="Our offer"), Shelf(), at=NOW + 10 * DAY)
    assert late.unmatched == UnmatchedReason.NOTHING_OF_OURS


def test_the_recipients_reply_is_credited() -> None:
    found = attribute(reply("bob@example.org", copy=1, evidence=Evidence.REPLY_TAG), Shelf(), at=NOW)
    assert found.kind == EventKind.REPLIED
    assert found.credited is True
    assert found.copy == 1


def test_replying_to_all_under_anothers_tag_is_credited_to_the_own_copy() -> None:
    found = attribute(reply("carol@example.net", copy=1, evidence=Evidence.MESSAGE_ID_TAG), Shelf(), at=NOW)
    assert found.kind == EventKind.REPLIED
    assert found.copy == 2


@pytest.mark.parametrize(
    ("sender", "why"),
    [
        ("eve@elsewhere.example", UnmatchedReason.OTHER_SENDER),
        ("boss@sender.example", UnmatchedReason.COLLEAGUE),
        ("alice@sender.example", UnmatchedReason.COLLEAGUE),
    ],
)
def test_someone_else_is_linked_and_not_credited(sender: str, why: UnmatchedReason) -> None:
    found = attribute(reply(sender, copy=1, evidence=Evidence.REPLY_TAG), Shelf(), at=NOW)
    assert found.kind == EventKind.UNMATCHED
    assert found.copy == 1
    assert found.credited is False
    assert found.unmatched == why


def test_a_reply_by_message_id_and_by_subject() -> None:
    by_id = attribute(reply("bob@example.org", message_ids=("x@y", "ten@sender.example")), Shelf(), at=NOW)
    assert by_id.copy == 1
    assert by_id.strength == Strength.STRONG
    by_subject = attribute(reply("bob@example.org", subject="AW: Re: Our offer"), Shelf(), at=NOW)
    assert by_subject.copy == 1
    assert by_subject.strength == Strength.PROBABLE
    too_late = attribute(reply("dave@example.org", subject="Re: Old news"), Shelf(), at=NOW)
    assert too_late.unmatched == UnmatchedReason.NOTHING_OF_OURS


def test_relayed_is_no_proof_of_delivery() -> None:
    for kind, event in (
        (FindingKind.RELAYED, EventKind.SENT),
        (FindingKind.DELIVERED, EventKind.DELIVERED),
        (FindingKind.DEFERRED, EventKind.DEFERRED),
    ):
        item = Finding(kind=kind, recipient="bob@example.org", copy=1, evidence=Evidence.ENVELOPE_TAG)
        assert attribute(item, Shelf(), at=NOW).kind is event


def test_reports_change_nothing() -> None:
    for kind in (FindingKind.NOT_SPAM, FindingKind.AUTH_FAILURE):
        item = Finding(kind=kind, copy=1, evidence=Evidence.MESSAGE_ID_TAG)
        assert attribute(item, Shelf(), at=NOW).unmatched == UnmatchedReason.REPORT


def test_unreadable_mail_is_unmatched() -> None:
    item = Finding(kind=FindingKind.UNREADABLE, diagnostic="x")
    assert attribute(item, Shelf(), at=NOW).unmatched == UnmatchedReason.UNREADABLE


def test_plain_subject() -> None:
    assert plain_subject("Re: AW:  Fwd: Our   Offer ") == "our offer"


def test_tags_are_read_for_their_own_purpose_only() -> None:
    codec = TokenCodec(KeyRing({1: bytes(32)}, 1))
    read = tag_reader(codec)
    tag = codec.mint_tag(TagPurpose.BOUNCE, 7)
    assert read("b", tag) == 7
    assert read("r", tag) is None
    assert read("b", "x" * 28) is None
    tokens = codec.mint_copy(Kind.MESSAGE, 5, 8)
    assert read("l", tokens.read) == 8
    assert read("a", tokens.read) is None
    assert read("l", tokens.act) is None
    assert read("a", tokens.act) == 8
    assert read("l", "A" * 36) is None


def test_a_complaint_that_quotes_a_link_alone_suppresses_nobody() -> None:
    item = Finding(kind=FindingKind.COMPLAINED, copy=1, evidence=Evidence.QUOTED_LINK)
    assert attribute(item, Shelf(), at=NOW).suppress == ""


def test_a_proven_call_of_a_provider_is_certain() -> None:
    item = bounce(message_ids=("ten@sender.example",), evidence=Evidence.PROVIDER_ID)
    assert attribute(item, Shelf(), at=NOW, verified=True).suppress == "unknown_user"
    assert attribute(item, Shelf(), at=NOW).suppress == ""
