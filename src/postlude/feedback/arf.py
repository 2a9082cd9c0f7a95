"""Abuse reports: ARF (RFC 5965) with its later types, and Microsoft's JMRP: the mail in a letter, or the bare mail."""

import re
from typing import Final

import msgspec

from postlude.feedback.addresses import field
from postlude.feedback.finding import Finding, FindingKind
from postlude.feedback.mime import split_headers
from postlude.feedback.refusal import refusal
from postlude.feedback.reply import message_ids
from postlude.feedback.returned_message import ReturnedMessage

_TYPES: Final = {
    "not-spam": FindingKind.NOT_SPAM,
    "auth-failure": FindingKind.AUTH_FAILURE,
    "dmarc": FindingKind.AUTH_FAILURE,
    "opt-out": FindingKind.UNSUBSCRIBED,
    "opt-out-list": FindingKind.UNSUBSCRIBED,
}
_JMRP_DOMAINS: Final = ("@hotmail.com", "@outlook.com", "@live.com", "@msn.com", "@microsoft.com")
_JMRP_SUBJECT: Final = re.compile(r"complaint about message from", re.IGNORECASE)
_RECIPIENT_FIELDS: Final = ("original-rcpt-to", "removal-recipient", "original-recipient")
_JMRP_RECIPIENT: Final = "x-hmxmroriginalrecipient"
_RETURNED_FIELDS: Final = (_JMRP_RECIPIENT, "x-original-to", "to", "delivered-to", "apparently-to")


def parse_arf(incoming: ReturnedMessage) -> list[Finding]:
    """One finding per reported recipient; one without recipient when the provider hides it. Empty for other mail."""
    part = incoming.machine_part("feedback-report")
    if part is not None:
        return _reported(
            incoming, dict(_fields(part.content())), [a for n, a in _fields(part.content()) if n == "original-rcpt-to"]
        )
    if incoming.sender.endswith(_JMRP_DOMAINS) and _JMRP_SUBJECT.search(incoming.subject):
        return _reported(incoming, {"feedback-type": "abuse"}, [])
    if complainer := incoming.root.get(_JMRP_RECIPIENT):  # our mail itself, with nothing around it
        bare = _reported(incoming, {"feedback-type": "abuse", "original-rcpt-to": complainer}, [complainer])
        ids = message_ids(incoming.root.get("message-id"))
        return [msgspec.structs.replace(item, message_ids=ids) for item in bare]
    return []


def _fields(data: bytes) -> list[tuple[str, str]]:
    return split_headers(b"\n".join(line for line in data.strip(b"\n").split(b"\n") if line.strip()))[0]


def _reported(incoming: ReturnedMessage, fields: dict[str, str], named: list[str]) -> list[Finding]:
    feedback_type = fields.get("feedback-type", "").strip().lower()
    kind = _TYPES.get(feedback_type, FindingKind.COMPLAINED)
    addresses = [address for value in named if (address := field(value))]
    addresses = addresses or [address for name in _RECIPIENT_FIELDS if (address := field(fields.get(name, "")))][:1]
    returned = incoming.returned
    if not addresses and returned is not None:
        addresses = [address for name in _RETURNED_FIELDS if (address := field(returned.get(name)))][:1]
    return [
        msgspec.structs.replace(
            refusal(incoming, kind, address, "", way=f"arf/{feedback_type or 'none'}"),
            feedback_type=feedback_type,
            envid=fields.get("original-envelope-id", ""),
            remote_mta=fields.get("reporting-mta", "") or fields.get("user-agent", ""),
        )
        for address in dict.fromkeys(addresses or [""])
    ]
