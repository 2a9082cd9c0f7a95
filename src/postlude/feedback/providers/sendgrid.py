"""Twilio SendGrid's Event Webhook: https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/event."""

from base64 import b64decode
from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import DAY_S, Node, Provider, event, fresh, load_call

_KINDS: Final = {
    "bounce": FindingKind.BOUNCED,
    "dropped": FindingKind.BOUNCED,
    "deferred": FindingKind.DEFERRED,
    "delivered": FindingKind.DELIVERED,
    "spamreport": FindingKind.COMPLAINED,
    "unsubscribe": FindingKind.UNSUBSCRIBED,
    "group_unsubscribe": FindingKind.UNSUBSCRIBED,
}
_DROPPED: Final = {
    "Bounced Address": Reason.RECIPIENT_REFUSED,
    "Invalid": Reason.RECIPIENT_REFUSED,
    "Spam Content": Reason.SPAM,
    "Spam Reporting Address": Reason.POLICY,
    "Unsubscribed Address": Reason.POLICY,
    "Recipient List over Package Quota": Reason.RATE_LIMITED,
    "Invalid SMTPAPI header": Reason.PROTOCOL,
}
"""It did not try, because of an earlier bounce, complaint or unsubscribe. No server was contacted."""
_CLASSES: Final = {
    "Invalid Address": Reason.UNKNOWN_USER,
    "Technical": Reason.NETWORK,
    "Technical Failure": Reason.NETWORK,
    "Content": Reason.CONTENT,
    "Reputation": Reason.REPUTATION,
    "Frequency/Volume": Reason.RATE_LIMITED,
    "Frequency or Volume Too High": Reason.RATE_LIMITED,
    "Mailbox Unavailable": Reason.RECIPIENT_REFUSED,
}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """ECDSA with SHA-256 over the timestamp header and the raw body; the secret is the base64 public key shown."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 7 MB that most installs never need
    from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePublicKey  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415 - as above
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # noqa: PLC0415 - as above

    timestamp = headers.get("x-twilio-email-event-webhook-timestamp", "")
    try:
        key = load_der_public_key(b64decode("".join(secret.split())))
        signature = b64decode(headers.get("x-twilio-email-event-webhook-signature", ""), validate=True)
        if not isinstance(key, EllipticCurvePublicKey):
            return False
        key.verify(signature, timestamp.encode() + body, ECDSA(SHA256()))
    except (InvalidSignature, ValueError):
        return False
    return fresh(timestamp, now, DAY_S)  # it repeats a call for 24 hours


def parse(body: bytes) -> list[Finding]:
    """Findings of a batch of events; opens, clicks and `processed` are not ours to take from here."""
    return [
        _finding(node, _KINDS[name]) for node in load_call(body).items() if (name := node["event"].text()) in _KINDS
    ]


def _finding(node: Node, kind: FindingKind) -> Finding:
    dropped = _DROPPED.get(node["reason"].text(), Reason.NONE) if node["event"].text() == "dropped" else Reason.NONE
    return event(
        kind,
        node["email"].text(),
        ids=(node["smtp-id"].text(), node["sg_message_id"].text(), node["sg_message_id"].text().partition(".")[0]),
        at=node["timestamp"].text(),
        event_id=node["sg_event_id"].text(),
        way=f"sendgrid/{node['event'].text()}",
        reported=node.first("reason", "response"),
        status=node["status"].text(),
        hint=_CLASSES.get(node["bounce_classification"].text(), Reason.NONE),
        unasked=dropped,
        lasting=node["type"].text() != "blocked",
    )


PROVIDER: Final = Provider(
    "sendgrid",
    "SendGrid",
    verify,
    parse,
    key="the verification key of Settings > Mail Settings > Event Webhook > Signature Verification",
    setup="Settings > Mail Settings > Event Webhook: the address; then Signature Verification on",
)
