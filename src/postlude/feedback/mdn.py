"""Message disposition notifications, RFC 8098: only `displayed` is a read."""

import re
from typing import Final

import msgspec

from postlude.feedback.addresses import field
from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.mime import split_headers
from postlude.feedback.reasons import AXES
from postlude.feedback.refusal import MAX_DIAGNOSTIC, refusal
from postlude.feedback.returned_message import ReturnedMessage

_DISPOSITION: Final = re.compile(r";\s*([a-z-]+)")
_SPACES: Final = re.compile(r"\s+")
_UNREAD: Final = re.compile(r"without being (?:read|displayed|opened)|^not read:|ungelesen|non lu\b", re.IGNORECASE)


def parse_mdn(incoming: ReturnedMessage) -> list[Finding]:
    """The finding of a receipt, empty for other mail. Sieve's `reject` arrives as `deleted` (RFC 5429)."""
    part = incoming.machine_part("disposition-notification")
    if part is None:
        return []
    fields = dict(split_headers(part.content().strip(b"\n"))[0])
    found = _DISPOSITION.search(fields.get("disposition", "").lower())
    action = found[1] if found else ""
    recipient = (
        field(fields.get("final-recipient", "")) or field(fields.get("original-recipient", "")) or incoming.sender
    )
    item = refusal(incoming, _kind(incoming, action), recipient, "", action=action, way="mdn")
    if item.kind is FindingKind.BOUNCED:
        item = _by_the_recipient(incoming, item)
    original = fields.get("original-message-id", "").strip(" <>")
    return [msgspec.structs.replace(item, message_ids=(original,) if original else ())]


def _refused(incoming: ReturnedMessage, action: str) -> bool:
    return action == "deleted" and not _UNREAD.search(f"{incoming.subject}\n{incoming.report}")


def _kind(incoming: ReturnedMessage, action: str) -> FindingKind:
    if action == "displayed":
        return FindingKind.DISPLAYED
    return FindingKind.BOUNCED if _refused(incoming, action) else FindingKind.MAIL


def _by_the_recipient(incoming: ReturnedMessage, item: Finding) -> Finding:
    """The recipient's own filter refused it, in the recipient's own words: no rule for servers' words reads them."""
    axes = AXES[Reason.RECIPIENT_REFUSED]
    return msgspec.structs.replace(
        item,
        reason=Reason.RECIPIENT_REFUSED,
        fault=axes.fault,
        persistence=axes.persistence,
        rule="mdn/deleted",
        diagnostic=_SPACES.sub(" ", incoming.report).strip()[:MAX_DIAGNOSTIC],
    )
