"""SparkPost: https://developers.sparkpost.com/api/webhooks/. It signs nothing: HTTP Basic or an OAuth bearer token."""

from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Node, Provider, authorized, event, load_call

_KINDS: Final = {
    "bounce": FindingKind.BOUNCED,
    "out_of_band": FindingKind.BOUNCED,
    "policy_rejection": FindingKind.BOUNCED,
    "generation_rejection": FindingKind.BOUNCED,
    "generation_failure": FindingKind.BOUNCED,
    "delay": FindingKind.DEFERRED,
    "delivery": FindingKind.DELIVERED,
    "spam_complaint": FindingKind.COMPLAINED,
    "list_unsubscribe": FindingKind.UNSUBSCRIBED,
    "link_unsubscribe": FindingKind.UNSUBSCRIBED,
}
_CLASSES: Final = {
    "10": Reason.UNKNOWN_USER,
    "21": Reason.NETWORK,
    "22": Reason.MAILBOX_FULL,
    "23": Reason.TOO_LARGE,
    "24": Reason.EXPIRED,
    "25": Reason.POLICY,
    "30": Reason.UNKNOWN_USER,
    "50": Reason.REPUTATION,
    "51": Reason.REPUTATION,
    "52": Reason.SPAM,
    "53": Reason.CONTENT,
    "54": Reason.RELAYING_DENIED,
    "70": Reason.SYSTEM,
}
_OTHER_KINDS: Final = {
    "60": FindingKind.AUTORESPONDED,
    "90": FindingKind.UNSUBSCRIBED,
    "100": FindingKind.AUTORESPONDED,
}
_PASSING: Final = {"20", "21", "22", "23", "24", "40", "50", "51", "52", "53", "54", "70"}
"""Documented as soft or block: usually temporary."""
_SUBSCRIBE: Final = "80"
"""A subscription request returned to the envelope sender: not about the mail."""


def parse(body: bytes) -> list[Finding]:
    """Findings of a batch; opens, clicks and injections give none."""
    nodes = [envelope[name] for envelope in _envelopes(body) for name in _names(envelope)]
    return [
        _finding(node, _KINDS[node["type"].text()])
        for node in nodes
        if node["type"].text() in _KINDS and node["bounce_class"].text() != _SUBSCRIBE
    ]


def _envelopes(body: bytes) -> list[Node]:
    return [item["msys"] for item in load_call(body).items()]


def _names(envelope: Node) -> list[str]:
    return list(envelope.value) if isinstance(envelope.value, dict) else []


def _finding(node: Node, kind: FindingKind) -> Finding:
    bounce_class = node["bounce_class"].text()
    return event(
        _OTHER_KINDS.get(bounce_class, kind),
        node.first("raw_rcpt_to", "rcpt_to"),
        ids=(node["message_id"].text(), node["transmission_id"].text()),
        at=node["timestamp"].text(),
        event_id=node["event_id"].text(),
        way=f"sparkpost/{node['type'].text()}",
        envelope=node["msg_from"].text(),
        reported=node.first("raw_reason", "reason"),
        hint=_CLASSES.get(bounce_class, Reason.NONE),
        lasting=bounce_class not in _PASSING,
    )


PROVIDER: Final = Provider(
    "sparkpost",
    "SparkPost",
    authorized,
    parse,
    key="`user:password` (HTTP Basic) or the OAuth token of the webhook",
    setup="Webhooks: the address; basic or OAuth authentication",
    signs=False,
)
