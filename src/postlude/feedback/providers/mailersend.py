"""MailerSend: https://developers.mailersend.com/api/v1/webhooks.html, webhooks of version 1 (`email` an object) and 2.

Details of a bounce are not documented: `morph` and `meta` are used if present, else the kind alone decides.
"""

from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Provider, event, hmac_sha256, load_call, same

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
    node = load_call(body)
    name = node["type"].text()
    if name not in _KINDS:
        return []
    kind, hint = _KINDS[name]
    data = node["data"]
    email, meta = data["email"], data["meta"]
    own = email["id"].text() or data["email_id"].text()
    message = email["message"]["id"].text() or data["message_id"].text()
    reported = data["morph"].first("readable_reason", "reason") or " ".join(
        part for part in (meta["bounce_code"].text(), meta["bounce_reason"].text()) if part
    )
    return [
        event(
            kind,
            email["recipient"]["email"].text() or email.text() or data["recipient"].text(),
            ids=(message, own, f"{own}@mailersend.net" if own else ""),
            at=data["created_at"].text() or node["created_at"].text(),
            event_id=data["id"].text(),
            way=f"mailersend/{name.partition('.')[2]}",
            reported=reported,
            hint=hint,
            lasting=name != "activity.soft_bounced",
        )
    ]


PROVIDER: Final = Provider(
    "mailersend",
    "MailerSend",
    verify,
    parse,
    key="the webhook's signing secret",
    setup="Domains > Webhooks: the address, the `activity.*` events",
)
