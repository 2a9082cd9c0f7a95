"""Providers' calls through the journal and the digest, each signed as its provider signs."""

import base64
import hashlib
import hmac
import json
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from postlude.model.errors import TransportError

from .conftest import BOB, SENT_AT, Desk

NOW = SENT_AT // 1_000_000
CERTIFICATE = "https://sns.eu-west-1.amazonaws.com/SimpleNotificationService-0123abcd.pem"
SUBSCRIBE = (
    "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&TopicArn=arn:aws:sns:eu-west-1:1:T&Token=23"
)


class Sns:
    """Signs as SNS does."""

    def __init__(self) -> None:
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sns.amazonaws.com")])
        builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(self.key.public_key())
        start, end = datetime(2023, 1, 1, tzinfo=UTC), datetime(2033, 1, 1, tzinfo=UTC)
        made = builder.serial_number(1).not_valid_before(start).not_valid_after(end).sign(self.key, hashes.SHA256())
        self.pem = made.public_bytes(serialization.Encoding.PEM)

    def call(self, **members: str) -> bytes:
        members = {"MessageId": "m-1", "Timestamp": "2023-11-14T22:13:20Z", "TopicArn": "arn:t"} | members
        text = "".join(f"{name}\n{members[name]}\n" for name in sorted(members))
        signature = self.key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
        return json.dumps(
            members
            | {
                "SignatureVersion": "2",
                "Signature": base64.b64encode(signature).decode(),
                "SigningCertURL": CERTIFICATE,
            }
        ).encode()


@pytest.fixture(scope="module")
def sns() -> Sns:
    return Sns()


def ses_bounce(message_id: str, source: str = "") -> str:
    return json.dumps(
        {
            "notificationType": "Bounce",
            "mail": {"messageId": message_id, "source": source, "destination": [BOB]},
            "bounce": {
                "bounceType": "Permanent",
                "bounceSubType": "General",
                "feedbackId": "f-1",
                "timestamp": "2023-11-14T22:13:19Z",
                "bouncedRecipients": [
                    {
                        "emailAddress": BOB,
                        "action": "failed",
                        "status": "5.1.1",
                        "diagnosticCode": "smtp; 550 5.1.1 user unknown",
                    }
                ],
            },
        }
    )


def test_ses_waits_for_its_certificate_and_then_counts_once(desk: Desk, sns: Sns):
    (copy,) = desk.sent(BOB, remote_id="0102018b-ses")
    body = sns.call(Type="Notification", Message=ses_bounce("0102018b-ses"))
    desk.called("ses", body)
    assert desk.kinds(copy) == []
    desk.answers[CERTIFICATE] = sns.pem
    assert desk.waiting.look() == 1
    desk.digest.catch_up()
    desk.called("ses", body)  # SNS repeats itself
    assert desk.kinds(copy) == ["bounced"]
    assert desk.fetched == [CERTIFICATE]
    assert (desk.view(copy).bounce_reason, desk.store.suppressions.get(BOB).reason) == ("unknown_user", "unknown_user")
    assert desk.store.digest.outcomes()["repeated"] == 1
    assert desk.store.feedback.list_set_aside() == []


def test_ses_that_cannot_be_reached_holds_nothing_up(desk: Desk, sns: Sns):
    (copy,) = desk.sent(BOB)

    def nobody(_url: str) -> bytes:
        raise TransportError("sns did not answer")

    desk.waiting._get = nobody
    desk.called("ses", sns.call(Type="Notification", Message=ses_bounce("x", desk.tag(copy))))
    assert desk.waiting.look() == 0
    assert "did not answer" in desk.waiting.problem
    assert len(desk.store.feedback.waiting()) == 1
    desk.answers[CERTIFICATE] = sns.pem
    desk.begin()  # after a restart it is still there
    assert desk.waiting.look() == 1
    desk.digest.catch_up()
    assert desk.kinds(copy) == ["bounced"]  # tied by our own envelope sender, although the id is unknown
    assert desk.events(copy)[-1].facts["evidence"] == "envelope_tag"


def test_a_subscription_is_confirmed_only_when_sns_signed_it(desk: Desk, sns: Sns):
    desk.answers |= {CERTIFICATE: sns.pem, SUBSCRIBE: b"<ok/>"}
    good = sns.call(Type="SubscriptionConfirmation", Message="You chose", SubscribeURL=SUBSCRIBE, Token="23")
    desk.called("ses", good)
    desk.waiting.look()
    desk.digest.catch_up()
    desk.waiting.look()
    assert desk.fetched == [CERTIFICATE, SUBSCRIBE]
    desk.called("ses", good.replace(b"Token=23", b"Token=24"))
    desk.waiting.look()
    assert desk.fetched == [CERTIFICATE, SUBSCRIBE]
    assert [one.reason for one in desk.store.feedback.list_set_aside()] == ["ses: the signature does not hold"]


def test_a_certificate_from_elsewhere_is_never_fetched(desk: Desk, sns: Sns):
    body = sns.call(Type="Notification", Message="{}").replace(b"sns.eu-west-1.amazonaws.com", b"sns.evil.example")
    desk.called("ses", body)
    desk.waiting.look()
    assert desk.fetched == []
    assert desk.store.digest.outcomes()["unproven"] == 1


def mailgun(event: str, token: str = "t-1", key: str = "signing-key") -> bytes:
    signature = hmac.new(key.encode(), f"{NOW}{token}".encode(), hashlib.sha256).hexdigest()
    said = {
        "event": event,
        "id": f"{event}-1",
        "recipient": BOB,
        "severity": "permanent",
        "timestamp": NOW,
        "message": {"headers": {"message-id": "offer@sender.test"}},
        "delivery-status": {"code": 550, "message": "5.1.1 The email account does not exist"},
    }
    return json.dumps(
        {"signature": {"timestamp": str(NOW), "token": token, "signature": signature}, "event-data": said}
    ).encode()


def test_a_call_waits_until_its_key_is_set(tmp_path: Path):
    with closing(Desk(tmp_path)) as desk:
        (copy,) = desk.sent(BOB)
        desk.called("mailgun", mailgun("failed"))
        assert (desk.kinds(copy), len(desk.store.feedback.waiting())) == ([], 1)
        assert desk.waiting.look() == 0
        user = desk.user
    with closing(Desk.reopened(tmp_path, user, provider_keys={"mailgun": "signing-key"})) as desk:
        assert desk.waiting.look() == 1
        desk.digest.catch_up()
        assert desk.kinds(copy) == ["bounced"]
        assert desk.store.suppressions.get(BOB).reason == "unknown_user"


def test_one_signature_of_mailgun_counts_once_whatever_is_said_with_it(tmp_path: Path):
    """Its signature does not cover the event: who saw one call must not be able to make another of it."""
    with closing(Desk(tmp_path, provider_keys={"mailgun": "signing-key"})) as desk:
        (copy,) = desk.sent(BOB)
        desk.called("mailgun", mailgun("delivered"))
        desk.called("mailgun", mailgun("complained"))
        desk.called("mailgun", mailgun("complained", key="guessed"))
        assert desk.kinds(copy) == ["delivered"]
        assert desk.view(copy).delivered == "confirmed"
        assert desk.store.suppressions.get(BOB) is None
        assert {name: desk.store.digest.outcomes()[name] for name in ("repeated", "unproven")} == {
            "repeated": 1,
            "unproven": 1,
        }


def test_a_crash_in_a_parser_keeps_the_sample(tmp_path: Path):
    with closing(Desk(tmp_path)) as desk:
        (copy,) = desk.sent(BOB)
        odd = b'{"RecordType": "Bounce", "Email": {"a": [1]}, "BouncedAt": 3, "ID": [], "Details": 7}'
        desk.called("postmark", odd)
        desk.called("postmark", b"\xff\xfe")
        desk.called("nobody", b"{}")
        good = {"RecordType": "Delivery", "MessageID": "p", "Recipient": BOB, "DeliveredAt": "2023-11-14T22:13:20Z"}
        desk.called("postmark", json.dumps(good).encode())
        kept = [one.data for one in desk.store.feedback.list_set_aside()]
        assert any(b"\xff\xfe" in data for data in kept)
        assert len(kept) == 2
        assert desk.kinds(copy) == []  # its id is unknown here, and the address alone is not enough
        assert {one.door for one in desk.store.feedback.list_unmatched()} == {"provider:postmark"}
