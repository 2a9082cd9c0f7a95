"""Delivery status notifications, RFC 3464: one finding per recipient block."""

import re
from itertools import islice
from typing import Final

import msgspec

from postlude.feedback.addresses import ADDRESS, field, find_address
from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.mime import ReturnedPart, split_headers
from postlude.feedback.reasons import FIRM_STATUS
from postlude.feedback.recipients import find_recipients, reported_about
from postlude.feedback.refusal import kind_of, refusal
from postlude.feedback.returned_message import ReturnedMessage
from postlude.mail.limits import ADDRESSES

_STATUS: Final = re.compile(r"([245]\.\d{1,3}\.\d{1,3})")
_TYPED: Final = re.compile(r"^\s*[\w-]+\s*;\s*")
_TRANSCRIPT: Final = re.compile(r"(?m)^(?:<<<|.*\bsaid:)[^\n]*(?:\n\s+\S[^\n]*)*")
_RECIPIENT_FIELDS: Final = ("final-recipient", "original-recipient", "x-actual-recipient", "x-original-recipient")
# A gateway that drops blank lines runs the recipients into one block: a second Final-Recipient begins a new one.
SEVERAL: Final = 2
_SECOND: Final = re.compile(rb"\nFinal-Recipient:", re.IGNORECASE)
_READ: Final = 1 << 20  # bytes of the recipients' part: 1,000 of them take half of it
_FIELD: Final = 4_000  # characters of one field; servers say a few hundred
_QUOTED_CHARS: Final = 2_000  # of what is quoted of a conversation
_SPACES: Final = re.compile(r"\s+")
MIN_DIAGNOSTIC: Final = 12
"""A Diagnostic-Code shorter than this (`smtp; 550`) is less informative than the text beside it."""
MAX_QUOTED: Final = 600


def parse_dsn(incoming: ReturnedMessage) -> list[Finding]:
    """Findings of a DSN, empty when the mail is not a DSN or names no recipient."""
    part = incoming.machine_part("delivery-status")
    if part is None or not (incoming.root.type == "multipart/report" or incoming.from_daemon):
        return []
    groups = _groups(part)[: ADDRESSES + 1]
    whole = _fields(groups[0]) if groups else {}
    blocks = [fields for fields in map(_fields, groups) if _names_recipient(fields)]
    every_recipient = [_recipient(incoming, fields) for fields in blocks]
    transcript = [match[0] for match in islice(_TRANSCRIPT.finditer(incoming.report), ADDRESSES)]
    return _once([_finding(incoming, fields, whole, every_recipient, transcript) for fields in blocks])


def _once(found: list[Finding]) -> list[Finding]:
    """One finding per recipient: some servers repeat a block. A failure wins over a delay, a reason over none."""
    best: dict[str, Finding] = {}
    for item in found:
        before = best.setdefault(item.recipient, item)
        if _weight(item) > _weight(before):
            best[item.recipient] = item
    return list(best.values())


def _weight(item: Finding) -> tuple[bool, bool]:
    return item.kind is FindingKind.BOUNCED, item.reason not in {Reason.NONE, Reason.UNDEFINED}


def _groups(part: ReturnedPart) -> list[bytes]:
    """The blocks between blank lines. Some servers nest them as parts, some encode them."""
    body = b"\n\n".join(item.body for item in part.parts) if part.parts else part.content()
    blocks = [block for block in re.split(rb"\n[ \t]*\n", body[:_READ].strip(b"\n")) if block.strip()]
    return [piece for block in blocks for piece in _one_each(block)]


def _one_each(block: bytes) -> list[bytes]:
    pieces = _SECOND.split(b"\n" + block)
    return [b"Final-Recipient:" + piece for piece in pieces[1:]] if len(pieces) > SEVERAL else [block]


def _fields(block: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in split_headers(block.strip(b"\n"))[0]:
        found.setdefault(name, value[:_FIELD])
    return found


def _names_recipient(fields: dict[str, str]) -> bool:
    return any(name in fields for name in _RECIPIENT_FIELDS)


def _recipient(incoming: ReturnedMessage, fields: dict[str, str]) -> str:
    named = [address for name in _RECIPIENT_FIELDS if (address := field(fields.get(name, "")))]
    named.sort(key=lambda address: ADDRESS.fullmatch(address) is None)  # a whole address before an odd one
    known = next((address for address in named if address in incoming.known), named[0] if named else "")
    return known or next(iter(find_recipients(incoming)[0]), "")


def _finding(
    incoming: ReturnedMessage,
    fields: dict[str, str],
    whole: dict[str, str],
    every_recipient: list[str],
    transcript: list[str],
) -> Finding:
    recipient = _recipient(incoming, fields)
    stated = fields.get("status", "")
    status = _STATUS.search(stated)
    action = fields.get("action", "").strip().lower()
    number = status[1] if status else ""
    kind = kind_of(action, number)
    reported = around = ""
    if kind in {FindingKind.BOUNCED, FindingKind.DEFERRED}:
        reported = _quoted(fields, recipient, every_recipient, transcript) or _comment(stated, action)
        around = _around(incoming.report, recipient, every_recipient) if len(reported) < MIN_DIAGNOSTIC else ""
    counts = around if number.partition(".")[2] not in FIRM_STATUS else ""  # else the code is the server's text
    item = refusal(incoming, kind, recipient, f"{reported} {counts}", status=number, action=action, way="dsn")
    original = field(fields.get("original-recipient", ""))
    return msgspec.structs.replace(
        item,
        envid=whole.get("original-envelope-id", ""),
        original_recipient=original if original != recipient else "",
        remote_mta=_TYPED.sub("", fields.get("remote-mta", "") or whole.get("reporting-mta", "")),
        diagnostic=item.diagnostic or _SPACES.sub(" ", around).strip(),
    )


def _comment(status: str, action: str) -> str:
    """The server's text beside its code: `5.0.0 (disk quota)`, `553 too large`, `failed (bad address)`."""
    return " ".join(filter(None, (_STATUS.sub("", status).strip(" ()"), action.partition("(")[2].strip(" )"))))


def _quoted(fields: dict[str, str], recipient: str, every_recipient: list[str], transcript: list[str]) -> str:
    """The server's words: the Diagnostic-Code, else what the report quotes of the conversation about this recipient."""
    diagnostic = _TYPED.sub("", fields.get("diagnostic-code", ""))
    if len(diagnostic) < MIN_DIAGNOSTIC and (more := fields.get("x-supplementary-info", "")):
        diagnostic = f"{diagnostic} {more}".strip()
    if len(diagnostic) >= MIN_DIAGNOSTIC:
        return diagnostic
    own = (
        [line for line in transcript if recipient and find_address(recipient, line.lower()) >= 0]
        if len(every_recipient) > 1
        else []
    )
    return f"{diagnostic} {' '.join(own or transcript)[:_QUOTED_CHARS]}".strip()


def _around(report: str, recipient: str, every_recipient: list[str]) -> str:
    """The report's text beside the recipient, when it quotes no server."""
    at = find_address(recipient, report.lower()) if recipient else -1
    words = reported_about(report, recipient, every_recipient)[0] if len(every_recipient) > 1 else report[max(at, 0) :]
    return words[:MAX_QUOTED]
