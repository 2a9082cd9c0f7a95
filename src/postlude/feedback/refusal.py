"""Puts a refusal together: what the server said, its codes, the reason and the axes."""

import re
from typing import Final

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.letter import Letter
from postlude.feedback.reasons import AXES, find_code, find_reason, find_status

MAX_DIAGNOSTIC: Final = 1000
_SPACES: Final = re.compile(r"\s+")
_ACTIONS: Final = {
    "failed": FindingKind.BOUNCED,
    "failure": FindingKind.BOUNCED,
    "failed-permanent": FindingKind.BOUNCED,
    "delayed": FindingKind.DEFERRED,
    "delivered": FindingKind.DELIVERED,
    "deliverable": FindingKind.DELIVERED,
    "relayed": FindingKind.RELAYED,
    "expanded": FindingKind.EXPANDED,
}


def kind_of(action: str, status: str) -> FindingKind:
    """What a DSN action means; without a known one the class of the status decides, and at last: bounced."""
    known = _ACTIONS.get(action.split(" ", 1)[0].rstrip(";,"))
    if known is not None:
        return known
    return {"2": FindingKind.DELIVERED, "4": FindingKind.DEFERRED}.get(status[:1], FindingKind.BOUNCED)


def refusal(
    letter: Letter, kind: FindingKind, recipient: str, said: str, *, status: str = "", action: str = "", way: str = ""
) -> Finding:
    """A finding about one recipient. `said` is the refusing server's text; `way` names the parser."""
    said = _SPACES.sub(" ", said).strip()
    refused = kind in {FindingKind.BOUNCED, FindingKind.DEFERRED}
    code = find_code(said)
    if refused and (not status or status.endswith(".0.0")):
        status = find_status(said) or status or (f"{code // 100}.0.0" if code else "")
    reason, rule = find_reason(said.lower(), status, code) if refused else (Reason.NONE, "")
    axes = AXES[reason]
    return Finding(
        kind=kind,
        recipient=recipient,
        reason=reason,
        status=status,
        action=action,
        fault=axes.fault,
        persistence=axes.persistence,
        rule="/".join(filter(None, (way, rule))),
        code=code,
        diagnostic=said[:MAX_DIAGNOSTIC],
        sender=letter.sender,
        subject=letter.subject,
        at=letter.root.get("date"),
    )
