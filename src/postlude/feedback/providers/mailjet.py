"""Mailjet's Event API: https://dev.mailjet.com/email/guides/webhooks/. It signs nothing: HTTP Basic in the URL."""

from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Node, Provider, authorized, event, load_call

_KINDS: Final = {
    "sent": FindingKind.DELIVERED,
    "bounce": FindingKind.BOUNCED,
    "blocked": FindingKind.BOUNCED,
    "spam": FindingKind.COMPLAINED,
    "unsub": FindingKind.UNSUBSCRIBED,
}
_ERRORS: Final = {
    "user unknown": Reason.UNKNOWN_USER,
    "mailbox inactive": Reason.DISABLED_USER,
    "quota exceeded": Reason.MAILBOX_FULL,
    "blacklisted": Reason.RECIPIENT_REFUSED,
    "spam reporter": Reason.POLICY,  # complained once, about another mail
    "preblocked": Reason.RECIPIENT_REFUSED,
    "invalid domain": Reason.DEAD_DOMAIN,
    "no mail host": Reason.NETWORK,  # documented as: no server answers there
    "relay/access denied": Reason.RELAYING_DENIED,
    "greylisted": Reason.RATE_LIMITED,
    "typofix": Reason.RECIPIENT_REFUSED,
    "bad or empty template": Reason.PROTOCOL,
    "error in template language": Reason.PROTOCOL,
    "sender blocked": Reason.SENDER_REFUSED,
    "content blocked": Reason.CONTENT,
    "policy issue": Reason.POLICY,
    "system issue": Reason.SYSTEM,
    "protocol issue": Reason.PROTOCOL,
    "connection issue": Reason.NETWORK,
    "spam preblocked": Reason.SPAM,
    "duplicate in campaign": Reason.POLICY,
}


def parse(body: bytes) -> list[Finding]:
    """Findings of one event or a group; opens and clicks give none."""
    return [_finding(node) for node in load_call(body).items() if node["event"].text() in _KINDS]


def _finding(node: Node) -> Finding:
    name, error = node["event"].text(), node["error"].text()
    kind = _KINDS[name]
    soft = name == "bounce" and node["hard_bounce"].value is False
    if soft and error in {"", "greylisted"}:
        kind = FindingKind.DEFERRED
    ids = (node.first("MessageID", "mj_message_id"), node["Message_GUID"].text())
    reported = node.first("comment", "smtp_reply") or ("" if error in _ERRORS else error)
    return event(
        kind,
        node["email"].text(),
        ids=ids,
        at=node["time"].text(),
        event_id="/".join((ids[0], name, node["time"].text())),
        way=f"mailjet/{name}",
        reported=reported,
        hint=_ERRORS.get(error, Reason.NONE),
        lasting=not soft,
    )


PROVIDER: Final = Provider(
    "mailjet",
    "Mailjet",
    authorized,
    parse,
    key="`user:password` as written into the event URL at Mailjet (HTTP Basic)",
    setup="Event notifications: the address for sent, bounce, blocked, spam, unsub",
    signs=False,
)
