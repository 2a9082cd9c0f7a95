"""Mailgun: https://documentation.mailgun.com/docs/mailgun/user-manual/events/webhooks.

Its legacy webhooks (form fields; read-only since April 2023, deprecated in October 2023) are refused with that remedy.

Its signature covers a timestamp and a token, not the event: a call is accepted while it may be repeated, and its token
is the event's id here, so that it counts once whatever its content.
"""

from collections.abc import Mapping
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Provider, event, fresh, hmac_sha256, load_call, same

RETRIES_S: Final = 9 * 3600
"""It repeats a call for 8 hours. A captured signature is worthless because its token counts once."""
_FORMS: Final = {"application/x-www-form-urlencoded", "multipart/form-data"}
_KINDS: Final = {
    "delivered": FindingKind.DELIVERED,
    "rejected": FindingKind.BOUNCED,
    "failed": FindingKind.BOUNCED,
    "complained": FindingKind.COMPLAINED,
    "unsubscribed": FindingKind.UNSUBSCRIBED,
}
_CLASSES: Final = {
    "espblock": Reason.REPUTATION,
    "greylisted": Reason.RATE_LIMITED,
    "old": Reason.EXPIRED,
}
_NOT_TRIED: Final = {
    "suppress-bounce": Reason.RECIPIENT_REFUSED,
    "suppress-complaint": Reason.POLICY,
    "suppress-unsubscribe": Reason.POLICY,
}
"""Its own lists: no server was asked about this mail."""


def verify(headers: Mapping[str, str], body: bytes, secret: str, now: int) -> bool:
    """HMAC-SHA256 over timestamp and token with the HTTP webhook signing key.

    For a subaccount's domain `parent-signature` is made with the primary account's key: either key may be the one set.
    """
    if headers.get("content-type", "").partition(";")[0].strip().lower() in _FORMS:
        raise ValueError("a legacy webhook of Mailgun: create the webhook anew under Sending > Webhooks")
    signature = load_call(body)["signature"]
    timestamp, token = signature["timestamp"].text(), signature["token"].text()
    expected = hmac_sha256(secret.encode(), f"{timestamp}{token}".encode()).hex()
    given = [signature[name].text() for name in ("signature", "parent-signature")]
    return bool(secret) and any(same(expected, one) for one in given) and fresh(timestamp, now, RETRIES_S)


def parse(body: bytes) -> list[Finding]:
    """The finding of one call; accepted, opened and clicked give none."""
    node = load_call(body)
    data = node["event-data"]
    name = data["event"].text()
    if name not in _KINDS:
        return []
    status = data["delivery-status"]
    temporary = name == "failed" and data["severity"].text() == "temporary"
    reported = " ".join(
        part
        for part in (status["code"].text(), status.first("message", "description"), data["reject"]["reason"].text())
    )
    return [
        event(
            FindingKind.DEFERRED if temporary else _KINDS[name],
            data["recipient"].text() or _only_address(data["message"]["headers"]["to"].text()),
            ids=(data["message"]["headers"]["message-id"].text(),),
            at=data["timestamp"].text(),
            event_id=node["signature"]["token"].text() or data["id"].text(),
            envelope=data["envelope"]["sender"].text(),
            way=f"mailgun/{name}",
            reported=reported,
            status=status["enhanced-code"].text(),
            hint=_CLASSES.get(data["reason"].text(), Reason.NONE),
            unasked=_NOT_TRIED.get(data["reason"].text(), Reason.NONE),
        )
    ]


def _only_address(header: str) -> str:
    """A rejected message has no recipient: its To, when it names one address."""
    return header if header.count("@") == 1 else ""


PROVIDER: Final = Provider(
    "mailgun",
    "Mailgun",
    verify,
    parse,
    key="the HTTP webhook signing key of Sending > Webhooks",
    setup="Sending > Webhooks: the address for delivered, permanent and temporary failure, complaint, unsubscribe",
)
