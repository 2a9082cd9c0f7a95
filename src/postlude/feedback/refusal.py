"""Builds a refusal: the server's text, its codes, the reason and the axes."""

import re
from typing import Final

from msgspec.structs import replace

from postlude.feedback.finding import Finding, FindingKind, Reason
from postlude.feedback.reasons import AXES, VAGUE, find_code, find_reason, find_status, persistence_of
from postlude.feedback.returned_message import ReturnedMessage

MAX_DIAGNOSTIC: Final = 1000
LONG: Final = 300
FOLLOWERS: Final = 6
MAX_SEARCHED: Final = 1500
"""Characters of a long report in which reasons are looked for: boilerplate and our own mail follow behind."""
_CODED: Final = re.compile(r"(?<![\d.])(?:[45]\d\d[ -]|[45]\.\d{1,3}\.\d{1,3}\b)")
_BARE_CODE: Final = re.compile(r"[ \t]*[45]\d\d[ -]?[ \t]*(?:[45]\.\d{1,3}\.\d{1,3})?[ \t]*")
"""A reply's code alone in a line: its words were wrapped into the next one."""
_OUR_LINES: Final = re.compile(r"(?mi)^[ \t>]*(?:subject|betreff|objet|asunto|oggetto|sent|date|to|cc)[ \t]*:[^\n]*$")
"""Lines in which a report repeats headers of the mail: a subject may contain anything."""
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


def _coded_lines(reported: str) -> str:
    """The lines of a long report that carry a reply or status code, with the indented continuation lines."""
    kept: list[str] = []
    follow = 0
    bare = False
    for line in reported.split("\n"):
        if _CODED.search(line):
            follow = FOLLOWERS
        elif follow and (bare or line[:1] in {" ", "\t"}):
            follow -= 1
        else:
            follow = 0
            continue
        bare = bool(_BARE_CODE.fullmatch(line))
        kept.append(line)
    return _SPACES.sub(" ", " ".join(kept)).strip()


def _tellings(coded: str, whole: str, above: str) -> list[str]:
    """The text searched for reasons: the relevant lines of a long report, its beginning, and the text above."""
    return [text.lower() for text in (coded, whole[:MAX_SEARCHED], above[:MAX_SEARCHED]) if text]


def refusal(
    incoming: ReturnedMessage,
    kind: FindingKind,
    recipient: str,
    reported: str,
    *,
    above: str = "",
    status: str = "",
    action: str = "",
    way: str = "",
) -> Finding:
    """A finding about one recipient.

    `said` is the refusing server's text; `above` is the report's text before it, used only if `said` gives no reason;
    `way` names the parser.
    """
    base = Finding(
        kind=kind,
        recipient=recipient,
        action=action,
        rule=way,
        sender=incoming.sender,
        subject=incoming.subject,
        at=incoming.root.get("date"),
    )
    return with_reason(base, reported, status, above=above)


def with_reason(
    base: Finding, reported: str, status: str = "", hint: Reason = Reason.NONE, *, above: str = ""
) -> Finding:
    """`base` with codes, reason and axes; `hint` is a provider's own class, used if the text gives no reason."""
    coded = _coded_lines(reported) if len(reported) >= LONG or "\n" in reported else ""
    reported = _SPACES.sub(" ", _OUR_LINES.sub("", reported)).strip()
    above = _SPACES.sub(" ", _OUR_LINES.sub("", above)).strip()
    code = find_code(reported) or find_code(above)
    shown = (coded or reported)[:MAX_DIAGNOSTIC]
    if base.kind not in {FindingKind.BOUNCED, FindingKind.DEFERRED}:
        return replace(base, status=status, code=code, diagnostic=shown)
    if not status or status.endswith(".0.0"):
        status = find_status(reported) or find_status(above) or status or (f"{code // 100}.0.0" if code else "")
    reason, rule = find_reason(_tellings(coded, reported, above), status, code)
    if hint and (reason in VAGUE or reason is Reason.UNDEFINED):
        reason, rule = hint, "provider-class"
    if base.kind is FindingKind.DEFERRED and reason is Reason.UNDEFINED:
        reason, rule = Reason.EXPIRED, "still-trying"
    axes = AXES[reason]
    return replace(
        base,
        reason=reason,
        status=status,
        fault=axes.fault,
        persistence=persistence_of(reason, rule, status, code, shown),
        rule="/".join(filter(None, (base.rule, rule))),
        code=code,
        diagnostic=shown,
    )
