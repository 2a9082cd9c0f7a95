"""Bounces of servers that follow no standard: who wrote it, what it says, which address stands where.

A mail is taken for one only when a mail system wrote it and says so; a person who forwards a bounce does not bounce.
"""

import re
from typing import Final

import msgspec

from postlude.feedback.addresses import ADDRESS, clean, find_all, tidy
from postlude.feedback.finding import Finding, FindingKind
from postlude.feedback.letter import Letter
from postlude.feedback.refusal import refusal

_SUBJECT: Final = re.compile(
    r"undeliver|delivery (?:status|fail|report|problem|incomplete|error|unsuccess|has failed|notification)"
    r"|returned mail|returned to sender|mail (?:delivery )?(?:fail|error|system error)|failure notice|"
    r"failure delivery"
    r"|could ?n[o']t be delivered|non.?deliver|not delivered|mail could not|cannot deliver|unable to deliver"
    r"|warning: (?:message|could not)|delayed mail|message delayed|delivery delayed|mail delayed|"
    r"unzustellbar|nicht zugestellt"
    r"|user unknown|unknown user|permanent error|error sending|rejected|message status|nondeliverable|bounce"
    r"|delivery.{0,20}suspend|mail.{0,10}returned|returned.{0,20}mail|dsn:|postmaster notify|"
    r"non remis|no se pudo entregar"
    r"|mail not delivered|unable to send|problem(?:e|s)? delivering|mail error|virus (?:found|alert)|"
    r"message not delivered",
    re.IGNORECASE,
)
_SAYS: Final = re.compile(
    r"(?:could|can|was|were|been|is|are|has|have|did)(?:n.?t| ?not| unable to)? (?:be |been |"
    r"to )?(?:not )?(?:be )?(?:deliver|sent|reach)"
    r"|undeliver|delivery.{0,40}fail|fail.{0,30}deliver|unable to deliver|permanent.{0,20}(?:error|"
    r"failure)|returned to (?:you|sender)"
    r"|user unknown|unknown user|mailbox (?:full|unavailable|not found)|does not exist|not delivered|"
    r"no such user|reject"
    r"|delivery status|final attempt|(?<!\d)[45]\d\d[ -][45]\.\d\.\d|(?<!\d)55\d[ -]|"
    r"delivery to the following|could not deliver"
    r"|delay(?:ed)?|will (?:be retried|keep trying|continue)|access denied|quota|over.?size|"
    r"error occurr?ed|suspended|refused",
    re.IGNORECASE,
)
_PREFIX: Final = re.compile(r"^\s*(?:re|fwd?|aw|wg|tr|rv|antw|sv|vs)\s*(?:\[\d+\])?:", re.IGNORECASE)
_DELAY: Final = re.compile(
    r"will be retried|still being retried|will (?:keep|continue) (?:on )?trying|not been delivered yet|"
    r"delivery (?:has been |is )?delayed|delayed (?:delivery|mail|message)|message delayed|not yet been delivered|"
    r"no action is required on your part|warning message only|you do not need to resend|"
    r"delivery attempts will continue",
    re.IGNORECASE,
)
_A: Final = ADDRESS.pattern
# Where servers put the address that failed, most telling first. All addresses of the first form that occurs count.
_FIELD: Final = (
    rf"^[ \t]*(?:Final|Original|Failed|X-Failed|Actual)[- ]Recipients?[ \t]*[:=][ \t]*(?:rfc822[;:])?[ \t]*<?({_A})"
)
_ANGLE_LINE: Final = rf"^[ \t*#>-]*<({_A})>[ \t]*(?::|$|\(|\.{{2,3}}|;|,|\-|[ \t]*[45]\d\d)"
_BARE_LINE: Final = (
    rf"^[ \t*#-]*(?:\d+[.)][ \t]*)?(?:To:[ \t]*)?({_A})[ \t]*"
    r"(?::|;|,|$|\(|on \d|\.\.\.|[ \t]+[45]\d\d|[ \t]+\[)"
)
_AFTER_WORD: Final = (
    r"(?:recipient|recipient.s address|address|user|mailbox|account|deliver(?:ed|y)?(?: failed)? to|sent to"
    r"|to recipient|rcpt to|mail to|message to|failed for|following (?:address|recipient)(?:es|s)?)"
    rf"[^\n@]{{0,40}}[\s:<\"'=(\[]({_A})"
)
_NEAR_REFUSAL: Final = rf"({_A})[^\n]{{0,80}}(?:unknown|not exist|full|reject|refus|invalid|not found|disabled|fail)"
_PLACES: Final = tuple(
    (name, re.compile(pattern, re.IGNORECASE | re.MULTILINE))
    for name, pattern in (
        ("field", _FIELD),
        ("angle-line", _ANGLE_LINE),
        ("bare-line", _BARE_LINE),
        ("after-word", _AFTER_WORD),
        ("mailto", rf"mailto:({_A})"),
        ("near-refusal", _NEAR_REFUSAL),
    )
)
_OWN_HEADERS: Final = ("to", "from", "delivered-to", "return-path", "x-original-to", "cc")
_RETURNED_TO: Final = ("to", "x-original-to", "delivered-to", "cc")
_AFTER: Final = 700


def parse_bounce(letter: Letter) -> list[Finding]:
    """Findings of a non-standard bounce, empty when the mail is none."""
    if not is_bounce(letter):
        return []
    recipients, way = _recipients(letter)
    kind = _kind(letter)
    found = []
    for address in recipients or [""]:
        said = _said(letter.report, address, recipients)
        found.append(refusal(letter, kind, address, said, way=way))
    return found


def is_bounce(letter: Letter) -> bool:
    """A mail system wrote this, about a mail it did not deliver."""
    if letter.root.get("x-failed-recipients"):
        return True
    if (
        _PREFIX.match(letter.subject)
        or letter.root.get("list-id")
        or (letter.root.get("in-reply-to") and not letter.from_daemon)
    ):
        return False
    subject = bool(_SUBJECT.search(letter.subject))
    said = bool(_SAYS.search(letter.report))
    if letter.from_daemon:
        return said and (subject or letter.returned is not None or bool(_SAYS.search(letter.report[:3000])))
    automatic = letter.root.get("auto-submitted").lower().startswith(("auto-replied", "auto-generated"))
    return subject and said and (automatic or letter.returned is not None)


def _kind(letter: Letter) -> FindingKind:
    return FindingKind.DEFERRED if _DELAY.search(f"{letter.subject}\n{letter.report[:2000]}") else FindingKind.BOUNCED


def _own(letter: Letter) -> set[str]:
    """Addresses that stand in every report and are not who failed: whom it is to, who wrote it, who sent ours."""
    found = {address for name in _OWN_HEADERS for value in letter.root.all(name) for address in find_all(value)}
    if letter.returned is not None:
        for name in ("from", "return-path", "reply-to", "sender", "x-sender", "x-envelope-from"):
            found.update(find_all(letter.returned.get(name)))
    return found


def _recipients(letter: Letter) -> tuple[list[str], str]:
    header = [address for value in letter.root.all("x-failed-recipients") for address in find_all(value)]
    if header and not (letter.known and not letter.known & set(header)):
        return header, "x-failed-recipients"
    own = _own(letter) - letter.known
    for name, pattern in _PLACES:
        found = [tidy(item) for item in pattern.findall(letter.report)]
        found = [item for item in dict.fromkeys(found) if item not in own and _plausible(item)]
        if letter.known:
            found = [item for item in found if item in letter.known]
        if found:
            return found, name
    return _last_resort(letter, own)


def _last_resort(letter: Letter, own: set[str]) -> tuple[list[str], str]:
    if letter.returned is not None:
        returned = [
            a for name in ("to", "x-original-to", "delivered-to", "cc") for a in find_all(letter.returned.get(name))
        ]
        told = [a for a in returned if a in letter.known] if letter.known else returned[:1]
        if told:
            return told[:1], "returned-to"
    anywhere = [item for item in find_all(letter.report) if item not in own and _plausible(item)]
    if letter.known:
        anywhere = [item for item in anywhere if item in letter.known]
    return anywhere[:1], "anywhere"


def _plausible(address: str) -> bool:
    local = address.partition("@")[0]
    return not local.startswith(("mailer-daemon", "postmaster", "abuse", "support", "helpdesk", "noc"))


def _said(report: str, address: str, all_of_them: list[str]) -> str:
    """The words that belong to one recipient: from its address to the next one's."""
    lowered = report.lower()
    at = lowered.find(address) if address else -1
    if at < 0 or len(all_of_them) == 1:
        return report[:4000]
    ends = [end for other in all_of_them if other != address and (end := lowered.find(other, at + len(address))) > 0]
    return report[at : min([*ends, at + _AFTER])]


def known_in_raw(letter: Letter) -> str:
    """The one mailed address that stands literally in the mail (99.8 % of real bounces), empty when none."""
    lowered = letter.raw.decode("latin-1").lower()
    found = [address for address in letter.known if address in lowered]
    own = {clean(letter.root.get("from"))}
    outside = [address for address in found if address not in own] or found
    return min(outside, key=lowered.find) if outside else ""


def with_known(letter: Letter, finding: Finding) -> Finding:
    """The finding with the mailed address, where the report itself names none that was mailed."""
    if not letter.known or finding.recipient in letter.known:
        return finding
    address = known_in_raw(letter)
    if not address:
        return finding
    return msgspec.structs.replace(
        finding, recipient=address, original_recipient=finding.recipient or finding.original_recipient
    )
