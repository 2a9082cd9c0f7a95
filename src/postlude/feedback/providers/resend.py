"""Resend: https://resend.com/docs/webhooks/introduction, signed as Svix does (https://docs.svix.com)."""

from base64 import b64decode, b64encode
from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Provider, event, fresh, hmac_sha256, load_call, same

_KINDS: Final = {
    "email.delivered": FindingKind.DELIVERED,
    "email.delivery_delayed": FindingKind.DEFERRED,
    "email.bounced": FindingKind.BOUNCED,
    "email.failed": FindingKind.BOUNCED,
    "email.suppressed": FindingKind.BOUNCED,
    "email.complained": FindingKind.COMPLAINED,
}
_SUBTYPES: Final = {
    "NoEmail": Reason.UNKNOWN_USER,
    "MailboxFull": Reason.MAILBOX_FULL,
    "MessageTooLarge": Reason.TOO_LARGE,
    "ContentRejected": Reason.CONTENT,
    "AttachmentRejected": Reason.CONTENT,
}
_NOT_TRIED: Final = {
    "Suppressed": Reason.RECIPIENT_REFUSED,
    "OnAccountSuppressionList": Reason.RECIPIENT_REFUSED,
}
"""Its own lists: the text recalls an older bounce, but no server was asked about this mail."""


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """HMAC-SHA256 over id, timestamp and raw body; several signatures may be given while a secret is rotated."""
    try:
        key = b64decode(secret.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    call, timestamp = headers.get("svix-id", ""), headers.get("svix-timestamp", "")
    expected = b64encode(hmac_sha256(key, f"{call}.{timestamp}.".encode() + body)).decode()
    given = [item.partition(",") for item in headers.get("svix-signature", "").split()]
    held = any(version == "v1" and same(expected, signature) for version, _, signature in given)
    return bool(key) and bool(call) and held and fresh(timestamp, now)


def parse(body: bytes) -> list[Finding]:
    """One finding per recipient; sent, opened and clicked give none."""
    node = load_call(body)
    name = node["type"].text()
    if name not in _KINDS:
        return []
    data = node["data"]
    bounce = data["bounce"]
    subtype = bounce["subType"].text() or data["suppressed"]["type"].text()
    reported = bounce["message"].text() or data["failed"]["reason"].text() or data["suppressed"]["message"].text()
    return [
        event(
            _KINDS[name],
            one.text(),
            ids=(data["message_id"].text(), data["email_id"].text()),
            at=node["created_at"].text(),
            event_id="/".join((data["email_id"].text(), name, one.text())),
            way=f"resend/{name}",
            reported=reported,
            hint=_SUBTYPES.get(subtype, Reason.NONE),
            unasked=_NOT_TRIED.get(subtype, Reason.NONE),
            lasting=bounce["type"].text() != "Transient",
        )
        for one in data["to"].items()
    ]


PROVIDER: Final = Provider(
    "resend",
    "Resend",
    verify,
    parse,
    key="the webhook's signing secret (`whsec_...`)",
    setup="Webhooks: the address, the `email.*` events",
)
