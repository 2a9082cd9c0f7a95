import json
from base64 import b64encode
from dataclasses import dataclass

import pytest

from mails.records import item
from postlude.feedback import Evidence, Finding
from postlude.model.observation import Webhook
from postlude.model.words import EventKind
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.findings import Repeats
from postlude.services.digest.item import Item, RecordOutcome
from postlude.services.digest.provider_calls import CERTIFICATE, ProviderCalls

KEY = "secret"
BOUNCE = {"RecordType": "Bounce", "Type": "HardBounce", "TypeCode": 1, "ID": 42, "MessageID": "m-1"} | {
    "Email": "bob@example.com",
    "BouncedAt": "2026-11-27T10:00:00Z",
    "Description": "unknown user",
}


@dataclass
class Matches:
    """Ties everything to one copy, and keeps what it was asked."""

    asked: list[tuple[Finding, bool]]

    def __call__(self, finding: Finding, at: int, *, verified: bool) -> Attribution:  # noqa: ARG002 - the port's
        self.asked.append((finding, verified))
        return Attribution(EventKind.BOUNCED, 10, 1, Evidence.MESSAGE_ID, credited=True)


def called(webhook: Webhook, keys: dict[str, str] | None = None) -> tuple[Item, Matches]:
    matches, read = Matches([]), item(webhook)
    known = {"postmark": f"postlude:{KEY}"} if keys is None else keys
    ProviderCalls(known, lambda _: None, lambda _: None, matches, Repeats(lambda _: 0))(read, webhook)
    return read, matches


def postmark(body: object, password: str = KEY) -> Webhook:
    login = b64encode(f"postlude:{password}".encode()).decode()
    return Webhook(1_000_000, "postmark", {"authorization": f"Basic {login}"}, json.dumps(body).encode())


def test_a_proven_call_counts_for_its_copy() -> None:
    read, _ = called(postmark(BOUNCE))
    assert read.outcome == RecordOutcome.RETURNED
    assert [event.copy for event in read.meaning.events] == [10]


def test_a_proven_calls_word_is_verified() -> None:
    _, matches = called(postmark(BOUNCE))
    assert [verified for _, verified in matches.asked] == [True]


def test_a_call_with_the_wrong_key_is_unproven_and_means_nothing() -> None:
    read, matches = called(postmark(BOUNCE, "guessed"))
    assert read.outcome == RecordOutcome.UNPROVEN
    assert read.meaning.events == ()
    assert matches.asked == []


def test_a_call_that_is_signed_waits_for_the_key() -> None:
    read, _ = called(Webhook(1, "mailgun", {}, b'{"signature": {}, "event-data": {}}'), keys={})
    assert read.outcome is RecordOutcome.WAITING


def test_a_call_of_an_unknown_provider_is_unhandled() -> None:
    read, _ = called(Webhook(1, "acme", {}, b"{}"), keys={"acme": "x"})
    assert read.outcome is RecordOutcome.UNHANDLED


def test_a_proven_call_with_nothing_for_us_is_ignored() -> None:
    read, _ = called(postmark({"RecordType": "Open", "MessageID": "m-1", "Recipient": "bob@example.com"}))
    assert read.outcome is RecordOutcome.IGNORED


def test_a_call_of_sns_waits_for_its_certificate() -> None:
    url = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-1.pem"
    read, _ = called(Webhook(1, "ses", {}, json.dumps({"SigningCertURL": url}).encode()))
    assert read.outcome == RecordOutcome.WAITING
    assert read.reason == CERTIFICATE


@pytest.mark.parametrize("body", [b"", b"{", b"[]"])
def test_a_call_of_sns_that_names_no_certificate_is_not_believed(body: bytes) -> None:
    read, _ = called(Webhook(1, "ses", {}, body))
    assert read.outcome in {RecordOutcome.UNPROVEN, RecordOutcome.UNREADABLE}
