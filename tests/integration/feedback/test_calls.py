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
from support.present import present

from .conftest import BOB, SENT_AT, World

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


def test_ses_waits_for_its_certificate_and_then_counts_once(world: World, sns: Sns) -> None:
    (copy,) = world.sent(BOB, remote_id="0102018b-ses")
    body = sns.call(Type="Notification", Message=ses_bounce("0102018b-ses"))
    world.called("ses", body)
    assert world.kinds(copy) == []
    world.answers[CERTIFICATE] = sns.pem
    assert world.waiting.look() == 1
    world.digest.catch_up()
    world.called("ses", body)  # SNS repeats itself
    assert world.kinds(copy) == ["bounced"]
    assert world.fetched == [CERTIFICATE]
    assert world.view(copy).bounce_reason == "unknown_user"
    assert present(world.store.suppressions.get(BOB)).reason == "unknown_user"
    assert world.store.digest.outcomes()["repeated"] == 1
    assert world.store.feedback.list_quarantined() == []


def test_ses_that_cannot_be_reached_holds_nothing_up(world: World, sns: Sns) -> None:
    (copy,) = world.sent(BOB)

    def nobody(_url: str) -> bytes:
        raise TransportError("sns did not answer")

    world.waiting._get = nobody
    world.called("ses", sns.call(Type="Notification", Message=ses_bounce("x", world.tag(copy))))
    assert world.waiting.look() == 0
    assert "did not answer" in world.waiting.problem
    assert len(world.store.feedback.waiting()) == 1
    world.answers[CERTIFICATE] = sns.pem
    world.begin()  # after a restart it is still there
    assert world.waiting.look() == 1
    world.digest.catch_up()
    assert world.kinds(copy) == ["bounced"]  # tied by our own envelope sender, although the id is unknown
    assert world.events(copy)[-1].facts["evidence"] == "envelope_tag"


def test_a_subscription_is_confirmed_only_when_sns_signed_it(world: World, sns: Sns) -> None:
    world.answers |= {CERTIFICATE: sns.pem, SUBSCRIBE: b"<ok/>"}
    good = sns.call(Type="SubscriptionConfirmation", Message="You chose", SubscribeURL=SUBSCRIBE, Token="23")
    world.called("ses", good)
    world.waiting.look()
    world.digest.catch_up()
    world.waiting.look()
    assert world.fetched == [CERTIFICATE, SUBSCRIBE]
    world.called("ses", good.replace(b"Token=23", b"Token=24"))
    world.waiting.look()
    assert world.fetched == [CERTIFICATE, SUBSCRIBE]
    assert [one.reason for one in world.store.feedback.list_quarantined()] == ["ses: the signature does not hold"]


def test_a_certificate_from_elsewhere_is_never_fetched(world: World, sns: Sns) -> None:
    body = sns.call(Type="Notification", Message="{}").replace(b"sns.eu-west-1.amazonaws.com", b"sns.evil.example")
    world.called("ses", body)
    world.waiting.look()
    assert world.fetched == []
    assert world.store.digest.outcomes()["unproven"] == 1


def mailgun(event: str, token: str = "t-1", key: str = "signing-key") -> bytes:
    signature = hmac.new(key.encode(), f"{NOW}{token}".encode(), hashlib.sha256).hexdigest()
    reported = {
        "event": event,
        "id": f"{event}-1",
        "recipient": BOB,
        "severity": "permanent",
        "timestamp": NOW,
        "message": {"headers": {"message-id": "offer@sender.test"}},
        "delivery-status": {"code": 550, "message": "5.1.1 The email account does not exist"},
    }
    return json.dumps(
        {"signature": {"timestamp": str(NOW), "token": token, "signature": signature}, "event-data": reported}
    ).encode()


def test_a_call_waits_until_its_key_is_set(tmp_path: Path) -> None:
    with closing(World(tmp_path)) as world:
        (copy,) = world.sent(BOB)
        world.called("mailgun", mailgun("failed"))
        assert world.kinds(copy) == []
        assert len(world.store.feedback.waiting()) == 1
        assert world.waiting.look() == 0
        user = world.user
    with closing(World.reopened(tmp_path, user, provider_keys={"mailgun": "signing-key"})) as world:
        assert world.waiting.look() == 1
        world.digest.catch_up()
        assert world.kinds(copy) == ["bounced"]
        assert present(world.store.suppressions.get(BOB)).reason == "unknown_user"


def test_one_signature_of_mailgun_counts_once_whatever_is_said_with_it(tmp_path: Path) -> None:
    """Its signature does not cover the event: who saw one call must not be able to make another of it."""
    with closing(World(tmp_path, provider_keys={"mailgun": "signing-key"})) as world:
        (copy,) = world.sent(BOB)
        world.called("mailgun", mailgun("delivered"))
        world.called("mailgun", mailgun("complained"))
        world.called("mailgun", mailgun("complained", key="guessed"))
        assert world.kinds(copy) == ["delivered"]
        assert world.view(copy).delivered == "confirmed"
        assert world.store.suppressions.get(BOB) is None
        assert {name: world.store.digest.outcomes()[name] for name in ("repeated", "unproven")} == {
            "repeated": 1,
            "unproven": 1,
        }


def test_a_crash_in_a_parser_keeps_the_sample(tmp_path: Path) -> None:
    with closing(World(tmp_path)) as world:
        (copy,) = world.sent(BOB)
        odd = b'{"RecordType": "Bounce", "Email": {"a": [1]}, "BouncedAt": 3, "ID": [], "Details": 7}'
        world.called("postmark", odd)
        world.called("postmark", b"\xff\xfe")
        world.called("nobody", b"{}")
        good = {"RecordType": "Delivery", "MessageID": "p", "Recipient": BOB, "DeliveredAt": "2023-11-14T22:13:20Z"}
        world.called("postmark", json.dumps(good).encode())
        kept = [one.data for one in world.store.feedback.list_quarantined()]
        assert any(b"\xff\xfe" in data for data in kept)
        assert len(kept) == 2
        assert world.kinds(copy) == []  # its id is unknown here, and the address alone is not enough
        assert {one.channel for one in world.store.feedback.list_unmatched()} == {"provider:postmark"}
