"""Match a finding to a copy, with the strength of the match and what may follow from it.

Order of evidence: what we signed, then known ids, then address with time and subject. Signed evidence alone suppresses;
contradictory evidence has no effect.
"""

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final, Protocol

import msgspec

from postlude.feedback import Evidence, Finding, FindingKind, TagReader, plain_subject
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.domain_name import address_key
from postlude.model.errors import NotFoundError
from postlude.model.words import EventKind
from postlude.services.digest.suppression_policy import of_finding
from postlude.tokens import TagPurpose, TokenCodec


class CopyRow(Protocol):
    """What is asked of a copy."""

    @property
    def id(self) -> int: ...  # noqa: D102 - the copy's id
    @property
    def message(self) -> int: ...  # noqa: D102 - the message's id
    @property
    def recipient(self) -> str: ...  # noqa: D102 - as it was mailed


class AttributedMessage(Protocol):
    """What is asked of a message."""

    @property
    def subject(self) -> str: ...  # noqa: D102 - as the sender wrote it
    @property
    def sender(self) -> str: ...  # noqa: D102 - the From address


class Lookups(Protocol):
    """The questions to the store. `copy` and `message` raise NotFoundError."""

    def copy(self, copy: int) -> CopyRow: ...  # noqa: D102 - by id
    def copies(self, message: int) -> Sequence[CopyRow]: ...  # noqa: D102 - of one message
    def get(self, message: int) -> AttributedMessage: ...  # noqa: D102 - by id
    def copies_by_message_id(self, texts: Iterable[str]) -> Sequence[CopyRow]: ...  # noqa: D102 - also aliases
    def copies_to(self, address: str, since: int) -> Sequence[CopyRow]: ...  # noqa: D102 - newest first


class Strength(StrEnum):
    """Strength of the match to a copy; shown to the user."""

    CERTAIN = "certain"  # signed by us
    STRONG = "strong"  # an id of ours that others may know
    PROBABLE = "probable"  # address, time and subject fit one copy only
    NONE = ""


class UnmatchedReason(StrEnum):
    """Why nothing was concluded."""

    NOTHING_OF_OURS = "nothing_of_ours"  # no evidence in it
    UNKNOWN_COPY = "unknown_copy"  # signed, but the copy is not stored (any more)
    AMBIGUOUS = "ambiguous"  # several copies fit
    CONFLICT = "conflict"  # contradictory evidence: quarantine
    OTHER_SENDER = "other_sender"  # matched, but the answer came from another address
    COLLEAGUE = "colleague"  # matched, but it came from the sender's own domain
    REPORT = "report"  # a report that changes nothing for the copy
    UNREADABLE = "unreadable"


class Attribution(msgspec.Struct, frozen=True):
    """The meaning of one finding."""

    kind: EventKind
    """UNMATCHED when nothing may be concluded; `copy` then still names what it is linked to, if anything."""
    copy: int = 0
    message: int = 0
    evidence: Evidence = Evidence.NONE
    strength: Strength = Strength.NONE
    credited: bool = False
    """The event counts for the copy."""
    unmatched: str = ""
    """One of `UnmatchedReason`, empty when credited."""
    suppress: str = ""
    """The reason to suppress the copy's recipient for, empty when it stays mailable."""
    facts: dict[str, str] = {}
    """For `Event.facts`: what a person wants to see beside it."""


DAY: Final = 86_400 * MICROS_PER_SECOND
REPLY_WINDOW: Final = 30 * DAY
BOUNCE_WINDOW: Final = 7 * DAY

_SIGNED: Final = frozenset(
    {
        Evidence.ENVELOPE_TAG,
        Evidence.REPLY_TAG,
        Evidence.UNSUBSCRIBE_TAG,
        Evidence.MESSAGE_ID_TAG,
        Evidence.QUOTED_PAGE,
        Evidence.ENVID,
    }
)
_EVENTS: Final = {
    FindingKind.BOUNCED: EventKind.BOUNCED,
    FindingKind.DEFERRED: EventKind.DEFERRED,
    FindingKind.DELIVERED: EventKind.DELIVERED,
    FindingKind.EXPANDED: EventKind.DELIVERED,
    FindingKind.RELAYED: EventKind.SENT,  # accepted by a system that sends no reports: no proof of delivery
    FindingKind.COMPLAINED: EventKind.COMPLAINED,
    FindingKind.UNSUBSCRIBED: EventKind.UNSUBSCRIBED,
    FindingKind.DISPLAYED: EventKind.DISPLAYED,
    FindingKind.AUTORESPONDED: EventKind.AUTORESPONDED,
    FindingKind.REPLIED: EventKind.REPLIED,
    FindingKind.MAIL: EventKind.REPLIED,  # matched only by our link: neither subject nor thread fit
}
_PERSONAL: Final = frozenset(
    {FindingKind.REPLIED, FindingKind.UNSUBSCRIBED, FindingKind.AUTORESPONDED, FindingKind.DISPLAYED, FindingKind.MAIL}
)


def tag_reader(codec: TokenCodec) -> TagReader:
    """The reader of signed tags that `feedback.parse` asks, over the key ring's codec."""

    def read(purpose: str, text: str) -> int | None:
        if purpose in {"a", "l"}:
            ref = codec.read_act(text) if purpose == "a" else codec.read_read(text)
            return ref.copy if ref else None
        return codec.read_tag(TagPurpose(purpose), text)

    return read


def attribute(finding: Finding, lookups: Lookups, *, at: int, verified: bool = False) -> Attribution:
    """Match one finding that arrived at `at` (microseconds). Reads only; the same store gives the same result.

    `verified`: a provider's call with a valid signature, so that the provider's own id is certain.
    """
    if finding.kind is FindingKind.UNREADABLE:
        return _unmatched(finding, UnmatchedReason.UNREADABLE)
    if finding.conflict:
        return _unmatched(finding, UnmatchedReason.CONFLICT)
    row, evidence, why = _match(finding, lookups, at)
    if row is None:
        return _unmatched(finding, why)
    if against := _against(finding, row, lookups):
        shared = evidence is Evidence.MESSAGE_ID and len(lookups.copies(row.message)) > 1
        return _unmatched(finding, against, row, evidence, whole_message=shared)
    proven = verified and finding.evidence is Evidence.PROVIDER_ID and evidence is Evidence.MESSAGE_ID
    strength = Strength.CERTAIN if proven else strength_of(evidence)
    return Attribution(
        kind=_EVENTS[finding.kind],
        copy=row.id,
        message=row.message,
        evidence=evidence,
        strength=strength,
        credited=True,
        suppress=of_finding(finding, row.recipient, _addresses(finding), certain=strength is Strength.CERTAIN),
        facts=_facts(finding, evidence, strength),
    )


def strength_of(evidence: Evidence) -> Strength:
    """How far a kind of evidence is to be believed."""
    if evidence in _SIGNED:
        return Strength.CERTAIN
    if evidence in {Evidence.ADDRESS, Evidence.SUBJECT}:
        return Strength.PROBABLE
    return Strength.STRONG if evidence else Strength.NONE


_Match = tuple[CopyRow | None, Evidence, UnmatchedReason]


def _match(finding: Finding, lookups: Lookups, at: int) -> _Match:
    if finding.copy:
        try:
            row = lookups.copy(finding.copy)
        except NotFoundError:
            return None, Evidence.NONE, UnmatchedReason.UNKNOWN_COPY
        return _own_copy(finding, row, lookups), finding.evidence, UnmatchedReason.NOTHING_OF_OURS
    if finding.message_ids and (rows := lookups.copies_by_message_id(finding.message_ids)):
        fitting = [row for row in rows if address_key(row.recipient) in _addresses(finding)]
        chosen = fitting or list(rows)
        if len({row.message for row in chosen}) == 1 and (len(chosen) == 1 or finding.kind in _PERSONAL):
            return chosen[0], Evidence.MESSAGE_ID, UnmatchedReason.NOTHING_OF_OURS
        return None, Evidence.NONE, UnmatchedReason.AMBIGUOUS
    return _by_address(finding, lookups, at)


def _own_copy(finding: Finding, row: CopyRow, lookups: Lookups) -> CopyRow:
    """Who answers all under another recipient's tag is credited for the own copy."""
    if finding.kind not in _PERSONAL or address_key(row.recipient) in _addresses(finding):
        return row
    others = (other for other in lookups.copies(row.message) if address_key(other.recipient) in _addresses(finding))
    return next(others, row)


def _by_address(finding: Finding, lookups: Lookups, at: int) -> _Match:
    """Address, time and subject: only when one copy fits."""
    window = REPLY_WINDOW if finding.kind in _PERSONAL else BOUNCE_WINDOW
    subject = plain_subject(finding.subject if finding.kind in _PERSONAL else finding.original_subject)
    rows = [row for address in sorted(_addresses(finding)) for row in lookups.copies_to(address, at - window)]
    if not rows or not subject:
        return None, Evidence.NONE, UnmatchedReason.NOTHING_OF_OURS
    fitting = [row for row in rows if plain_subject(lookups.get(row.message).subject) == subject]
    if len(fitting) == 1:
        answers = finding.kind in _PERSONAL
        if answers and finding.kind is FindingKind.MAIL:
            return None, Evidence.NONE, UnmatchedReason.NOTHING_OF_OURS
        return fitting[0], Evidence.SUBJECT if answers else Evidence.ADDRESS, UnmatchedReason.NOTHING_OF_OURS
    return None, Evidence.NONE, UnmatchedReason.AMBIGUOUS if fitting else UnmatchedReason.NOTHING_OF_OURS


def _addresses(finding: Finding) -> set[str]:
    names = (finding.recipient, finding.original_recipient)
    return {address_key(name) for name in names if name}


def _against(finding: Finding, row: CopyRow, lookups: Lookups) -> UnmatchedReason | None:
    """Why a matched finding must not count for its copy; None when it may."""
    if finding.kind not in _EVENTS:
        return UnmatchedReason.REPORT
    if finding.kind in _PERSONAL:
        return _not_the_recipient(finding, row, lookups)
    return UnmatchedReason.CONFLICT if _contradicts(finding, row, lookups) else None


def _contradicts(finding: Finding, row: CopyRow, lookups: Lookups) -> bool:
    """A report about one recipient that came with the tag of another recipient of the same message."""
    if not finding.recipient or address_key(row.recipient) in _addresses(finding):
        return False
    return any(address_key(other.recipient) in _addresses(finding) for other in lookups.copies(row.message))


def _not_the_recipient(finding: Finding, row: CopyRow, lookups: Lookups) -> UnmatchedReason | None:
    """Why an answer is not this recipient's; None when it is. The holder of the unsubscribe tag may use it."""
    if finding.evidence is Evidence.UNSUBSCRIBE_TAG or address_key(row.recipient) in _addresses(finding):
        return None
    own, sender = address_key(lookups.get(row.message).sender), address_key(finding.sender)
    domain = sender.rpartition("@")[2]
    own_side = domain == own.rpartition("@")[2] and domain != address_key(row.recipient).rpartition("@")[2]
    if sender == own or own_side:
        return UnmatchedReason.COLLEAGUE
    # A machine that answers for the mailbox, or a receipt, may write under the mailbox's other name.
    if finding.kind in {FindingKind.AUTORESPONDED, FindingKind.DISPLAYED} and finding.evidence is Evidence.ENVELOPE_TAG:
        return None
    return UnmatchedReason.OTHER_SENDER


def event_of(kind: FindingKind) -> EventKind:
    """What a finding of this kind means for the copy it counts for."""
    return _EVENTS.get(kind, EventKind.UNMATCHED)


def _unmatched(
    finding: Finding,
    why: UnmatchedReason,
    row: CopyRow | None = None,
    evidence: Evidence = Evidence.NONE,
    *,
    whole_message: bool = False,
) -> Attribution:
    """`whole_message`: the evidence names the message, but not the copy."""
    return Attribution(
        kind=EventKind.UNMATCHED,
        copy=row.id if row and not whole_message else 0,
        message=row.message if row else 0,
        evidence=evidence,
        strength=strength_of(evidence),
        unmatched=why.value,
        facts={**_facts(finding, evidence, strength_of(evidence)), "unmatched": why.value},
    )


def _facts(finding: Finding, evidence: Evidence, strength: Strength) -> dict[str, str]:
    facts = {
        "finding": finding.kind.value,
        "reason": finding.reason.value,
        "status": finding.status,
        "code": str(finding.code or ""),
        "action": finding.action,
        "text": finding.diagnostic or finding.text[:500],
        "fault": finding.fault.value,
        "persistence": finding.persistence.value,
        "rule": finding.rule,
        "evidence": evidence.value,
        "strength": strength.value,
        "feedback_type": finding.feedback_type,
        "said_at": finding.at,
        "sender": finding.sender,
        "subject": finding.subject[:200],
        "recipient": finding.recipient,
        "server": finding.remote_mta,
        "conflict": finding.conflict,
        "wish": finding.wish.value,
    }
    return {name: value for name, value in facts.items() if value}
