"""Brevo: https://developers.brevo.com/docs/transactional-webhooks. It signs nothing: HTTP Basic or a bearer token."""

from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Node, Provider, authorized, event, load_call

_KINDS: Final = {
    "delivered": (FindingKind.DELIVERED, Reason.NONE),
    "deferred": (FindingKind.DEFERRED, Reason.NONE),
    "soft_bounce": (FindingKind.BOUNCED, Reason.NONE),
    "hard_bounce": (FindingKind.BOUNCED, Reason.UNKNOWN_USER),
    "invalid_email": (FindingKind.BOUNCED, Reason.RECIPIENT_REFUSED),  # documented as the sender's
    "blocked": (FindingKind.BOUNCED, Reason.REPUTATION),
    "error": (FindingKind.BOUNCED, Reason.SYSTEM),
    "spam": (FindingKind.COMPLAINED, Reason.NONE),
    "complaint": (FindingKind.COMPLAINED, Reason.NONE),
    "unsubscribed": (FindingKind.UNSUBSCRIBED, Reason.NONE),
}


def parse(body: bytes) -> list[Finding]:
    """Findings of one call or batch; requests, opens and clicks give none."""
    return [_finding(node) for node in load_call(body).items() if node["event"].text() in _KINDS]


def _finding(node: Node) -> Finding:
    name = node["event"].text()
    kind, hint = _KINDS[name]
    ids = (node["message-id"].text(),)
    # `ts_epoch` and `ts_event` are documented as UTC; calls have been seen where only the first is. `id` names the
    # webhook: message, kind and time tell repeats.
    at = node.first("ts_epoch", "ts_event", "ts", "date")
    event_id = "/".join((ids[0].strip("<>"), name, at))
    return event(
        kind,
        node["email"].text(),
        ids=ids,
        at=at,
        event_id=event_id,
        way=f"brevo/{name}",
        reported=node["reason"].text(),
        hint=hint,
        lasting=name != "soft_bounce",
    )


PROVIDER: Final = Provider(
    "brevo",
    "Brevo",
    authorized,
    parse,
    key="`user:password` or the token given to Brevo with the webhook",
    setup="Transactional > Settings > Webhook: the address; authentication",
    signs=False,
    drops_on_5xx=True,  # its documentation: only 429 and silence are tried again
)
