"""MailerSend: https://developers.mailersend.com/api/v1/webhooks.html."""

from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Provider, event, hmac_sha256, load, same

_KINDS: Final = {
    "activity.delivered": (FindingKind.DELIVERED, Reason.NONE),
    "activity.deferred": (FindingKind.DEFERRED, Reason.NONE),
    "activity.soft_bounced": (FindingKind.BOUNCED, Reason.NONE),
    "activity.hard_bounced": (FindingKind.BOUNCED, Reason.UNKNOWN_USER),
    "activity.spam_complaint": (FindingKind.COMPLAINED, Reason.NONE),
    "activity.unsubscribed": (FindingKind.UNSUBSCRIBED, Reason.NONE),
}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """HMAC-SHA256 of the raw body, hexadecimal, in `Signature`."""
    del now  # it sends no timestamp: the activity's id tells repeats
    return bool(secret) and same(hmac_sha256(secret.encode(), body).hex(), headers.get("signature", ""))


def parse(body: bytes) -> list[Finding]:
    """The finding of one call; sent, opened and clicked give none."""
    node = load(body)
    name = node["type"].text()
    if name not in _KINDS:
        return []
    kind, hint = _KINDS[name]
    data = node["data"]
    email = data["email"]
    own = email["id"].text()
    return [
        event(
            kind,
            email["recipient"]["email"].text(),
            ids=(email["message"]["id"].text(), own, f"{own}@mailersend.net" if own else ""),
            at=data["created_at"].text(),
            event_id=data["id"].text(),
            way=f"mailersend/{name.partition('.')[2]}",
            said=data["morph"].first("readable_reason", "reason"),
            hint=hint,
            lasting=name != "activity.soft_bounced",
        )
    ]


PROVIDER: Final = Provider("mailersend", verify, parse, "the webhook's signing secret")
