"""Which observations end mailing an address: the one place of that policy.

An address is suppressed when it is at fault for good and that is certain, or when its owner asked. What an operator or
an import suppresses is decided by people and not here.
"""

from collections.abc import Collection
from typing import Final

from postlude.feedback import FindingKind
from postlude.feedback.finding import Finding, Persistence, Reason, Wish
from postlude.feedback.reasons import find_reason, persistence_of
from postlude.model.domain_name import address_key
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.observation import Attempt, Hit
from postlude.model.words import EventKind, SendOutcome
from postlude.store import CopySuppression

SUPPRESSING: Final = frozenset({Reason.UNKNOWN_USER, Reason.DISABLED_USER, Reason.DEAD_DOMAIN, Reason.NO_MAIL_DOMAIN})
"""Only these refusals end mailing an address: the address is at fault, for good."""
BY_HAND: Final = "by_hand"
ALL_MAILINGS: Final = "all"
"""The `scope` of a hit whose recipient chose more than the list the copy came by."""
_ASKED: Final = frozenset({FindingKind.COMPLAINED, FindingKind.UNSUBSCRIBED})


def of_attempt(attempt: Attempt) -> tuple[CopySuppression, ...]:
    """Reads the next server's answer about the address: a direct refusal counts as much as a signed bounce."""
    if attempt.outcome is not SendOutcome.REJECTED:
        return ()
    reason, rule = find_reason([attempt.text], attempt.enhanced, attempt.code)
    lasts = persistence_of(reason, rule, attempt.enhanced, attempt.code, attempt.text)
    found = _reason(FindingKind.BOUNCED, reason.value, lasts.value)
    return (CopySuppression(attempt.copy, found, f"smtp {attempt.code}", attempt.at),) if found else ()


def of_hit(hit: Hit, kind: EventKind) -> tuple[CopySuppression, ...]:
    """What a recipient asked for on one of our pages."""
    if kind is not EventKind.UNSUBSCRIBED:
        return ()
    only_list = hit.facts.get("scope") != ALL_MAILINGS
    return (CopySuppression(hit.copy, UNSUBSCRIBED, "https", hit.at, only_list=only_list),)


def of_finding(finding: Finding, recipient: str, named: Collection[str], *, certain: bool) -> str:
    """The reason for suppressing `recipient`, the copy's address; empty when it stays mailable.

    `named` are the keys of the addresses in the report. The failed address may be a forwarding target; that says
    nothing about the recipient.
    """
    if not certain or (finding.kind is FindingKind.BOUNCED and named and address_key(recipient) not in named):
        return ""
    return _reason(finding.kind, finding.reason.value, finding.persistence.value)


def holds_back(finding: Finding, suppress: str, *, credited: bool) -> bool:
    """Whether mailings to the sender of an answer wait for a decision: the answer asks to be taken off.

    An answer can be forged, so it does not unsubscribe by itself. `suppress` is the result of `of_finding`: what is
    proven needs no decision. `credited`: the recipient wrote it.
    """
    asks = finding.wish is Wish.LEAVE or finding.kind is FindingKind.UNSUBSCRIBED
    return asks and credited and not suppress


def of_accepted_wish(copy: int, at: int) -> tuple[CopySuppression, ...]:
    """What follows when a person accepts a wish that was held back: as if the link of that copy had been used."""
    return of_attributed(copy, UNSUBSCRIBED, BY_HAND, at)


def of_attributed(copy: int, reason: str, evidence: str, at: int) -> tuple[CopySuppression, ...]:
    """What follows from a finding that was attributed to a copy with this `reason` of `of_finding`."""
    return (CopySuppression(copy, reason, evidence, at, only_list=_ends_list(reason)),) if reason else ()


def of_decision(copy: int, kind: FindingKind, facts: dict[str, str], at: int) -> tuple[CopySuppression, ...]:
    """The effect of a user's assignment of an unmatched finding: it counts as certain."""
    reason = _reason(kind, facts.get("reason", ""), facts.get("persistence", ""))
    return of_attributed(copy, reason, BY_HAND, at)


def _reason(kind: FindingKind, reason: str, persistence: str) -> str:
    """Why what is certain ends mailing the address; empty when it does not."""
    if kind in _ASKED:
        return kind.value
    gone = kind is FindingKind.BOUNCED and persistence == Persistence.GONE.value
    return reason if gone and reason in SUPPRESSING else ""


def _ends_list(reason: str) -> bool:
    """Unsubscribing from a campaign sent to a list ends that membership; other lists stay."""
    return reason == UNSUBSCRIBED
