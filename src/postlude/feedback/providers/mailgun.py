"""Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks.

Its signature covers a timestamp and a token, not the event, so calls are only believed near their time and the event's
id tells repeats.
"""

from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Provider, event, fresh, hmac_sha256, load, same

_KINDS: Final = {
    "delivered": FindingKind.DELIVERED,
    "rejected": FindingKind.BOUNCED,
    "failed": FindingKind.BOUNCED,
    "complained": FindingKind.COMPLAINED,
    "unsubscribed": FindingKind.UNSUBSCRIBED,
}
_CLASSES: Final = {
    "suppress-bounce": Reason.UNKNOWN_USER,
    "espblock": Reason.REPUTATION,
    "greylisted": Reason.RATE_LIMITED,
    "old": Reason.EXPIRED,
}


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """HMAC-SHA256 over timestamp and token with the HTTP webhook signing key."""
    del headers
    signature = load(body)["signature"]
    timestamp, token = signature["timestamp"].text(), signature["token"].text()
    expected = hmac_sha256(secret.encode(), f"{timestamp}{token}".encode()).hex()
    return bool(secret) and same(expected, signature["signature"].text()) and fresh(timestamp, now)


def parse(body: bytes) -> list[Finding]:
    """The finding of one call; accepted, opened and clicked give none."""
    data = load(body)["event-data"]
    name = data["event"].text()
    if name not in _KINDS:
        return []
    status = data["delivery-status"]
    temporary = name == "failed" and data["severity"].text() == "temporary"
    said = " ".join(
        part
        for part in (status["code"].text(), status.first("message", "description"), data["reject"]["reason"].text())
    )
    return [
        event(
            FindingKind.DEFERRED if temporary else _KINDS[name],
            data["recipient"].text(),
            ids=(data["message"]["headers"]["message-id"].text(),),
            at=data["timestamp"].text(),
            event_id=data["id"].text(),
            way=f"mailgun/{name}",
            said=said,
            status=status["enhanced-code"].text(),
            hint=_CLASSES.get(data["reason"].text(), Reason.NONE),
        )
    ]


PROVIDER: Final = Provider("mailgun", verify, parse, "the HTTP webhook signing key of Sending > Webhooks")
