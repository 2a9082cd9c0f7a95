"""Why a mail was refused: what operators publish of their answers, rules over single words, then codes."""

import re
from collections.abc import Iterable
from typing import Final, NamedTuple

from postlude.feedback import refusals
from postlude.feedback.finding import Fault, Persistence, Reason
from postlude.feedback.text_rules import first_rule, last_word

R, F, P = Reason, Fault, Persistence


class Axes(NamedTuple):
    """Whose fault a reason is, and what it means for the address."""

    fault: Fault
    persistence: Persistence


AXES: Final = {
    R.NONE: Axes(F.NONE, P.NONE),
    R.UNKNOWN_USER: Axes(F.RECIPIENT, P.GONE),
    R.DISABLED_USER: Axes(F.RECIPIENT, P.GONE),
    R.MOVED: Axes(F.RECIPIENT, P.GONE),
    R.DEAD_DOMAIN: Axes(F.DOMAIN, P.GONE),
    R.NO_MAIL_DOMAIN: Axes(F.DOMAIN, P.GONE),
    R.MAILBOX_FULL: Axes(F.RECIPIENT, P.PASSING),
    R.RECIPIENT_REFUSED: Axes(F.RECIPIENT, P.UNKNOWN),
    R.TOO_LARGE: Axes(F.MESSAGE, P.UNAFFECTED),
    R.SPAM: Axes(F.SENDER, P.UNAFFECTED),
    R.VIRUS: Axes(F.MESSAGE, P.UNAFFECTED),
    R.CONTENT: Axes(F.MESSAGE, P.UNAFFECTED),
    R.POLICY: Axes(F.SENDER, P.UNAFFECTED),
    R.AUTHENTICATION: Axes(F.SENDER, P.UNAFFECTED),
    R.REPUTATION: Axes(F.SENDER, P.UNAFFECTED),
    R.RATE_LIMITED: Axes(F.SENDER, P.PASSING),
    R.SENDER_REFUSED: Axes(F.SENDER, P.UNAFFECTED),
    R.RELAYING_DENIED: Axes(F.RECEIVER, P.UNKNOWN),
    R.SYSTEM: Axes(F.RECEIVER, P.PASSING),
    R.NETWORK: Axes(F.NETWORK, P.PASSING),
    R.EXPIRED: Axes(F.NETWORK, P.PASSING),
    R.PROTOCOL: Axes(F.LOCAL, P.UNAFFECTED),
    R.UNDEFINED: Axes(F.UNKNOWN, P.UNKNOWN),
}


_STATUS_TEXT: Final = {
    R.UNKNOWN_USER: "1.1 1.3 1.4",
    R.DISABLED_USER: "2.1 7.13",
    R.MOVED: "1.6",
    R.DEAD_DOMAIN: "1.2 4.4",
    R.NO_MAIL_DOMAIN: "1.10",
    R.MAILBOX_FULL: "2.2",
    R.RECIPIENT_REFUSED: "1.0 2.0 2.4 7.2",
    R.TOO_LARGE: "2.3 3.4",
    R.CONTENT: "6.0 6.1 6.2 6.3 6.5 6.9 7.7",
    R.POLICY: "7.0 7.1 7.8 7.9 7.30",
    R.AUTHENTICATION: "7.20 7.21 7.22 7.23 7.24 7.26",
    R.REPUTATION: "7.25",
    R.RATE_LIMITED: "4.5 5.3 7.28",
    R.SENDER_REFUSED: "1.7 1.8 7.27",
    R.SYSTEM: "3.0 3.1 3.2 3.3 3.5 4.3",
    R.NETWORK: "4.2 4.6",
    R.EXPIRED: "4.1 4.7",
    R.PROTOCOL: "5.1 5.2 5.4 5.5",
}
STATUS_REASONS: Final = {detail: reason for reason, text in _STATUS_TEXT.items() for detail in text.split()}
"""Reason by subject and detail of an enhanced status code (RFC 3463 and its registry)."""

FIRM_STATUS: Final = frozenset({"1.1", "2.2", "7.26", "2.3", "3.4", "1.10", "7.13"})
"""Codes whose meaning servers agree on: they speak before vague words."""

CODE_REASONS: Final = {
    421: R.SYSTEM,
    450: R.RECIPIENT_REFUSED,
    451: R.SYSTEM,
    452: R.MAILBOX_FULL,
    500: R.PROTOCOL,
    501: R.PROTOCOL,
    502: R.PROTOCOL,
    503: R.PROTOCOL,
    551: R.MOVED,
    552: R.MAILBOX_FULL,
    556: R.NO_MAIL_DOMAIN,
}
"""Reason by SMTP reply code, without better information.

550, 553 and 521 are missing: servers answer them to spam, to block lists and to unknown users alike.
"""

_ONLY_AUTH: Final = frozenset({530, 534, 535, 538})
"""Reply codes that only authentication is answered with (RFC 4954 section 6)."""

_BAD_ARGUMENT: Final = 501
"""What servers answer to a name in HELO or MAIL FROM that they dislike: never that the recipient's domain is gone."""
_PLAIN_CODES: Final = frozenset({500, 502, 503, 504, 552})
"""Reply codes that say more than single words: a command, or a full mailbox (RFC 5321 section 4.2.2)."""

_ADDRESSEE: Final = frozenset({F.RECIPIENT, F.DOMAIN})
_NAMED: Final = "said-policy-named"
"""Who names a policy means it, whatever code goes with it; the other words for a refusal are vague."""
_STOCK: Final = "said-mailbox-unavailable"
"""What RFC 5321 section 4.2.3 says of any 550: a published sentence beside it is the reason."""
_WEAK: Final = frozenset({"status-2.1", "status-4.4"})
"""Codes some servers use for policy or trouble of the moment: a reason, no proof that the address is gone."""
_NO_PROOF: Final = ("code-", "word-")
"""Beginnings of rules that guess: a reply code whose words nothing understands, and single words."""
_FOR_NOW: Final = re.compile(
    r"temporar|try (?:again|later)|for now|at this time|at the moment|currently|query failed|lookup fail|no answer"
    r"|timed? ?out|connection refused|maintenance|will (?:be retried|keep trying)",
    re.IGNORECASE,
)
_ANOTHER_MATTER: Final = re.compile(
    r"\b(?:sender|sending|sen[dt] (?:from|as)|mail ?from|client (?:host|address)|connecting|originat|envelope|reply-to"
    r"|(?:return|reverse)[- ](?:path|host)|helo|ehlo|callback|callout|relay|permission|header|message-id|log ?in\b"
    r"|authenticat|postmaster|for bounces|host address)|(?<!or )\bip address|address \d+\.\d+"
    r"|your (?:e-?mail )?(?:ip|host|domain|server|mail server|address|account|mail ?box)|spam"
    r"|(?:black|block|white) ?list|\bblocked"
    r"|reputation|may not (?:exist|be valid)|dns check"
    r"|polic(?:y|ies)|too many|verif(?:y|ication) failed|mailbox unavailable",
    re.IGNORECASE,
)
"""Beside these words "unknown" may refer to another party; `mailbox unavailable` is what RFC 5321 4.2.3 says of any
550.
"""
_ONLY_SOME: Final = re.compile(
    r"\b(?:only|not) (?:be )?(?:accept|allow|authori[sz]|permit|receiv|whitelist|members?|internal|known)"
    r"|\bonly\b.{0,40}\b(?:may|can|are)\b|block|restrict|content|attachment|denied|moderat|subscri",
    re.IGNORECASE,
)
"""Words about permissions or content: beside them a code alone does not prove that the address is unknown."""
_TEMPORARY: Final = 4
_SHORT: Final = 300
_STATUS: Final = re.compile(r"(?<![\d.])([45])\.(\d{1,3})\.(\d{1,3})(?![\d.])")
_CODE: Final = re.compile(r"(?<![\d.+-])([45]\d\d)(?=[ \-;:,)]|$)(?![-:]\d(?!\.\d)|\) ?\d|[ -]\d{3}[ -]\d)")
"""A reply code, and no part of a telephone number."""


def find_status(text: str) -> str:
    """The last-resort enhanced code: the first one in a text, empty when none."""
    found = [match[0] for match in _STATUS.finditer(text)]
    return next((item for item in found if not item.endswith(".0.0")), found[0] if found else "")


def find_code(text: str) -> int:
    """The first SMTP reply code in a text, 0 when none."""
    match = _CODE.search(text)
    return int(match[1]) if match else 0


def find_reason(texts: Iterable[str], status: str, code: int) -> tuple[Reason, str]:
    """The reason and the id of the rule that decided it. `texts` go from the telling to the vague."""
    detail = status.partition(".")[2]
    given = tuple(texts)
    reported = _reported(given)
    bound = _bound(reported, detail, code)
    if bound is not R.UNDEFINED:
        return bound, f"code-{code}"
    if reported and AXES[reported[0]].fault in _ADDRESSEE and STATUS_REASONS.get(detail) is R.SENDER_REFUSED:
        reported = None  # X.1.7 and X.1.8 are about the sender: not the recipient is unknown, full or without mail
    if reported and (reported[1] == _NAMED or not _outspoken(reported[0], detail)):
        return reported
    if published := refusals.of_status(detail):
        return published[0], f"{published[1]}-{detail}"
    told = STATUS_REASONS.get(detail, R.UNDEFINED)
    subject = detail.partition(".")[0]
    if reported is None and (told in VAGUE or told is R.UNDEFINED) and subject in _OPEN_SUBJECTS:
        hinted = _hinted(given, status, code)
        return hinted or _by_code(told, status, code)
    return _by_code(told, status, code)


def _bound(reported: tuple[Reason, str] | None, detail: str, code: int) -> Reason:
    """What a reply code with one meaning only makes of the words; UNDEFINED where it leaves them as they are."""
    reason = reported[0] if reported else R.UNDEFINED
    if code == _BAD_ARGUMENT and AXES[reason].fault is F.DOMAIN and not detail.startswith("1."):
        return R.PROTOCOL
    if code in _ONLY_AUTH and not detail.startswith("5.") and reason in {*VAGUE, R.PROTOCOL, R.UNDEFINED}:
        return R.AUTHENTICATION
    return R.UNDEFINED


def _by_code(told: Reason, status: str, code: int) -> tuple[Reason, str]:
    """The reason by the status code, the reply code, or at last the subject of the status."""
    detail = status.partition(".")[2]
    if told is not R.UNDEFINED:
        return R.NETWORK if told is R.DEAD_DOMAIN and status.startswith("4") else told, f"status-{detail}"
    if code in CODE_REASONS and not detail.startswith("7."):
        return CODE_REASONS[code], f"code-{code}"
    subject = detail.partition(".")[0]
    if subject in _SUBJECT_REASONS:
        return _SUBJECT_REASONS[subject], f"status-{subject}.x"
    return R.UNDEFINED, "nothing-said"


def persistence_of(reason: Reason, rule: str, status: str, code: int, reported: str) -> Persistence:
    """What a refusal means for the address. GONE only for a permanent answer that states it."""
    persistence = AXES[reason].persistence
    if persistence is not P.GONE:
        return persistence
    detail = status.partition(".")[2]
    reported = _ADDRESS.sub(" ", reported)
    passing = status.startswith("4") or code // 100 == _TEMPORARY or bool(_FOR_NOW.search(reported))
    decided = rule.rpartition("/")[2]
    by_code = decided.startswith("status-")
    firm = detail in FIRM_STATUS and not by_code
    other = bool(_ANOTHER_MATTER.search(reported)) or (by_code and bool(_ONLY_SOME.search(reported)))
    doubtful = not firm and (detail.startswith("7.") or other)
    return P.UNKNOWN if passing or doubtful or decided in _WEAK or decided.startswith(_NO_PROOF) else P.GONE


def _outspoken(reason: Reason, detail: str) -> bool:
    """The status code is more specific than these words, which only report a refusal."""
    if reason is R.RECIPIENT_REFUSED and detail in {"3.0", "6.0"}:
        return True
    if (
        reason in {R.RECIPIENT_REFUSED, R.POLICY} and detail == "4.1"
    ):  # 5.4.1 does not mean "no answer" where the server says `rejected`
        return False
    return reason in VAGUE and _speaks(detail)


VAGUE: Final = frozenset({R.POLICY, R.SYSTEM, R.RECIPIENT_REFUSED, R.CONTENT})
_OPEN_SUBJECTS: Final = frozenset({"", "0", "1", "2", "7"})
"""Subjects of a status code that leave open what it was; the others name system, network, protocol or content."""
_SUBJECT_REASONS: Final = {"3": R.SYSTEM, "4": R.NETWORK, "5": R.PROTOCOL, "6": R.CONTENT, "7": R.POLICY}
_ADDRESS: Final = re.compile(r"<?[^\s<>@]{1,64}@(?:\[[\w.:]+\]|[\w#-]+(?:\.[\w-]+)*)>?")
_SENTENCE: Final = re.compile(r"([a-z)\]][.?!]) (?=[a-z])")
"""Where a sentence ends: the rules' gaps stop at a line's end, so none reaches from one sentence into the next."""
_FRAME: Final = re.compile(r"\(?in reply to [^)\n]*\)?|https?://\S+")
"""What the client and links add to a server's words."""
_CONTINUED: Final = re.compile(r"(?<![\d.])([45]\d\d)-([45]\.\d{1,3}\.\d{1,3})?\b")
"""The first line of a reply that goes on (RFC 5321 section 4.2.1)."""
_NOISE: Final = re.compile(
    r"5\.1\.0 - unknown address error (?=['\d])|it was rejected by the recipient domain|"
    r"negative impact on your reputation as a sender|didn't specify the reason for the hard bounce|"
    r"(?:failed|error) permanently|this is a permanent error|mail delivery (?:software|system)|"
    r"to (?:best )?(?:protect our users from|reduce the amount of) spam(?: and phishing| sent to gmail)?|"
    r"recipient.s address for typos or|checking the recipient.s email address for typos"
)


def _speaks(detail: str) -> bool:
    """The code is more specific than 'refused'."""
    if refusals.of_status(detail):
        return True
    return detail in FIRM_STATUS or (detail in STATUS_REASONS and STATUS_REASONS[detail] not in VAGUE)


def _one_line(text: str) -> str:
    """A reply of several lines in one: the codes that its lines repeat stand in the middle of its sentences."""
    lines = _CONTINUED.search(text)
    return text if lines is None else re.sub(rf" {lines[1]}[ -](?:{re.escape(lines[2] or lines[1])} )?", " ", text)


def _cleaned(text: str) -> str:
    """A text without addresses and boilerplate, one sentence a line."""
    return _SENTENCE.sub(r"\1\n", _NOISE.sub(" ", _ADDRESS.sub(" ", _one_line(text))))


def _hinted(given: tuple[str, ...], status: str, code: int) -> tuple[Reason, str] | None:
    """What single words of a short answer are about; longer texts have words of every kind."""
    if not given or len(given[0]) > _SHORT:
        return None
    rule = last_word(_cleaned(_FRAME.sub(" ", given[0])).replace("_", " "))
    if rule is None or code in _PLAIN_CODES:
        return None
    if rule.reason is R.DEAD_DOMAIN and code == _BAD_ARGUMENT:
        return R.PROTOCOL, rule.id
    passing = rule.reason is R.DEAD_DOMAIN and (status.startswith("4") or code // 100 == _TEMPORARY)
    return R.NETWORK if passing else rule.reason, rule.id


def _reported(given: tuple[str, ...]) -> tuple[Reason, str] | None:
    vague: tuple[Reason, str] | None = None
    for text in given:
        cleaned = _cleaned(text)
        found = _reported_in(cleaned)
        if found and found[0] not in VAGUE:
            return found
        vague = vague or found
    return vague or next((found for text in given if (named := _named(text)) and (found := _reported_in(named))), None)


def _named(text: str) -> str:
    """The text with a word for its only address (`<bob@x.example> unknown`): empty where it may be the sender's."""
    addresses = {found.strip("<>") for found in _ADDRESS.findall(text)}
    if len(addresses) != 1 or _ANOTHER_MATTER.search(_ADDRESS.sub(" ", text)):
        return ""
    return _ADDRESS.sub(" recipient ", text)


def _reported_in(text: str) -> tuple[Reason, str] | None:
    """Reason from a text: a published sentence or code, unless it is vague and a word rule is more specific."""
    published = refusals.find_refusal(text)
    known = (published.reason, f"{published.origin}-{published.reason}") if published else None
    whole = published is not None and published.weight >= refusals.LONG
    if published and known and whole and (published.firm or not _vague(known[0])):
        return known
    rule = first_rule(text.replace("_", " "))  # ADDRESS_NOT_FOUND
    found = (rule.reason, rule.id) if rule else None
    if known is None or found is None:
        return known or found
    if whole:
        return known if found[0] in VAGUE or found[1] == _STOCK else found
    return known if found[0] in VAGUE and known[0] not in VAGUE else found


def _vague(reason: Reason) -> bool:
    """Words that only report a refusal: the rest of the text has the reason."""
    return reason in VAGUE or reason is R.EXPIRED
