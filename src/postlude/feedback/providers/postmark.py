"""Postmark: https://postmarkapp.com/developer/webhooks/webhooks-overview. It signs nothing: HTTP Basic in the URL."""

from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.providers.base import Node, Provider, authorized, event, load_call

_BOUNCES: Final = {
    "HardBounce": (FindingKind.BOUNCED, Reason.UNKNOWN_USER),
    "BadEmailAddress": (FindingKind.BOUNCED, Reason.UNKNOWN_USER),
    "ManuallyDeactivated": (FindingKind.BOUNCED, Reason.POLICY),  # in the account, not at the mailbox's server
    "SoftBounce": (FindingKind.BOUNCED, Reason.NONE),
    "Transient": (FindingKind.DEFERRED, Reason.NETWORK),
    "DnsError": (FindingKind.BOUNCED, Reason.NETWORK),  # documented as temporary
    "SpamNotification": (FindingKind.BOUNCED, Reason.SPAM),
    "VirusNotification": (FindingKind.BOUNCED, Reason.VIRUS),
    "Blocked": (FindingKind.BOUNCED, Reason.REPUTATION),
    "DMARCPolicy": (FindingKind.BOUNCED, Reason.AUTHENTICATION),
    "AddressChange": (FindingKind.BOUNCED, Reason.MOVED),
    "SMTPApiError": (FindingKind.BOUNCED, Reason.SYSTEM),
    "TemplateRenderingFailed": (FindingKind.BOUNCED, Reason.PROTOCOL),
    "Unknown": (FindingKind.BOUNCED, Reason.NONE),
    "SpamComplaint": (FindingKind.COMPLAINED, Reason.NONE),
    "Unsubscribe": (FindingKind.UNSUBSCRIBED, Reason.NONE),
    "AutoResponder": (FindingKind.AUTORESPONDED, Reason.NONE),
    "ChallengeVerification": (FindingKind.AUTORESPONDED, Reason.NONE),
}
_TEMPORARY: Final = {"SoftBounce", "Transient", "DnsError"}
_NO_NEWS: Final = {"Subscribe", "Unconfirmed", "OpenRelayTest", "InboundError"}
"""Types that are not about a mail of ours."""


def parse(body: bytes) -> list[Finding]:
    """The finding of one call; opens, clicks and manual reactivations give none."""
    node = load_call(body)
    ids = (node["MessageID"].text(),)
    match node["RecordType"].text():
        case "Delivery":
            return [
                event(
                    FindingKind.DELIVERED,
                    node["Recipient"].text(),
                    ids=ids,
                    at=node["DeliveredAt"].text(),
                    event_id=f"{ids[0]}/delivery/{node['Recipient'].text()}",
                    way="postmark/delivery",
                    reported=node["Details"].text(),
                )
            ]
        case "Bounce" | "SpamComplaint":
            return _bounce(node, ids)
        case "SubscriptionChange" if node["SuppressSending"].value is True:
            return _suppressed(node, ids)
    return []


def _bounce(node: Node, ids: tuple[str, ...]) -> list[Finding]:
    name = node["Type"].text()
    if name in _NO_NEWS:
        return []
    kind, hint = _BOUNCES.get(name, (FindingKind.BOUNCED, Reason.NONE))
    return [
        event(
            kind,
            node["Email"].text(),
            ids=ids,
            at=node["BouncedAt"].text(),
            event_id=f"bounce/{node['ID'].text()}",
            way=f"postmark/{name}",
            reported=node["Details"].text(),
            hint=hint,
            lasting=name not in _TEMPORARY,
        )
    ]


def _suppressed(node: Node, ids: tuple[str, ...]) -> list[Finding]:
    """Only the recipient's own choice: bounces and complaints have their own calls."""
    if node["SuppressionReason"].text() != "ManualSuppression" or node["Origin"].text() != "Recipient":
        return []
    at, way, recipient = node["ChangedAt"].text(), "postmark/subscription-change", node["Recipient"].text()
    event_id = f"{ids[0]}/change/{recipient}/{at}"  # the message's id may be null
    return [event(FindingKind.UNSUBSCRIBED, recipient, ids=ids, at=at, event_id=event_id, way=way)]


PROVIDER: Final = Provider(
    "postmark",
    "Postmark",
    authorized,
    parse,
    key="`user:password` as written into the webhook's address at Postmark (HTTP Basic)",
    setup="Servers > Message stream > Webhooks: delivery, bounce, spam complaint, subscription change",
    signs=False,
)
