"""Common to all inbound channels: matched findings become events, suppressions or queue entries; repeats count once."""

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

from postlude.feedback import Finding
from postlude.kit.bounded import WeightedCache
from postlude.kit.ids import id_text
from postlude.model.domain_name import address_key
from postlude.model.event import Event
from postlude.model.not_mailed import NoMailing
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.attribution import UnmatchedReason as Why
from postlude.services.digest.item import Item, Meaning, RecordOutcome, event_id
from postlude.services.digest.suppression_policy import holds_back, of_attributed
from postlude.store import CountedStatement, Unmatched
from postlude.store.base import storable

_BY_PEOPLE: Final = frozenset({EventKind.REPLIED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.DISPLAYED})
_NO_QUESTION: Final = frozenset({Why.COLLEAGUE.value, Why.REPORT.value})
"""Known for what it is: on the timeline, and nothing for a person to decide."""
_RECENT: Final = 10_000
_HEADERS: Final = (b"message-id", b"date", b"from")


class RecordOf(Protocol):
    """The journal record that reported something first."""

    def __call__(self, fingerprint: bytes, /) -> int:
        """Its id; 0 when there is none."""
        ...


class Repeats:
    """Whether something was reported before. `stored` asks the store; records not yet written are remembered."""

    def __init__(self, stored: RecordOf) -> None:
        self._stored = stored
        self._recent: WeightedCache[bytes, int] = WeightedCache(_RECENT)

    def is_new(self, fingerprint: bytes, record: int) -> bool:
        """True for the first record of a report, however often that record is read."""
        first = self._recent.get(fingerprint) or self._stored(fingerprint)
        if first:
            return first == record
        self._recent.put(fingerprint, record, 1)
        return True


def mail_identity(raw: bytes) -> bytes:
    """What stays the same when a mail comes by another way or a second time: ids and body, not its trace."""
    head, _, body = raw.replace(b"\r\n", b"\n").partition(b"\n\n")
    kept = sorted(line for line in head.split(b"\n") if line.partition(b":")[0].lower() in _HEADERS)
    if not kept:  # identified only by its whole content
        kept = [head]
    return blake2b(b"\n".join((*kept, body.strip())), digest_size=16, person=b"returned-mail").digest()


def mail_fingerprint(identity: bytes, finding: Finding, one: Attribution) -> bytes:
    """One statement of one mail, whichever channel it came through."""
    what = "\n".join((finding.kind.value, str(one.copy), finding.recipient))
    return blake2b(identity + what.encode("utf-8", "replace"), digest_size=16, person=b"finding").digest()


def call_fingerprint(provider: str, finding: Finding) -> bytes:
    """Identity of a provider's event: its id, else its whole content."""
    what = finding.event_id or repr(finding)
    return blake2b(f"{provider}\n{what}".encode("utf-8", "replace"), digest_size=16, person=b"call").digest()


class FindingMeaning(NamedTuple):
    """One finding, its meaning, and the identity of its repeats."""

    finding: Finding
    means: Attribution
    fingerprint: bytes


class FindingSource(NamedTuple):
    """Where findings came from."""

    at: int
    channel: str
    mail: int = 0
    """Id of the mail in the spool; 0 for a call."""
    mail_from: str = ""


def apply_findings(item: Item, reported: Sequence[FindingMeaning], repeats: Repeats, source: FindingSource) -> None:
    """The data that the stores need from one mail or call."""
    record = event_id(item.record.position, 0)
    first = {one.fingerprint: (number, one) for number, one in reversed(list(enumerate(reported)))}
    new = [first[fingerprint] for fingerprint in sorted(first, key=lambda key: first[key][0])]
    new = [(number, one) for number, one in new if repeats.is_new(one.fingerprint, record)]
    item.meaning = Meaning(
        seen=tuple(CountedStatement(one.fingerprint, record, source.at) for _, one in new),
        events=tuple(_event(item, number, one.means, source) for number, one in new),
        suppress=tuple(
            suppression
            for means in (one.means for _, one in new)
            for suppression in of_attributed(means.copy, means.suppress, means.evidence.value, source.at)
        ),
        unmatched=tuple(_unmatched(item, number, one, source) for number, one in new if _is_question(one)),
    )
    if reported and not new:
        item.outcome = RecordOutcome.REPEATED
    else:
        item.outcome = RecordOutcome.RETURNED if any(one.means.credited for _, one in new) else RecordOutcome.UNMATCHED


def _is_question(one: FindingMeaning) -> bool:
    """Whether a person has to look at it."""
    if one.means.credited:
        return holds_back(one.finding, one.means.suppress, credited=True)
    return one.means.unmatched not in _NO_QUESTION


def _event(item: Item, number: int, one: Attribution, source: FindingSource) -> Event:
    return Event(
        event_id(item.record.position, number),
        one.kind,
        source.at,
        one.message,
        one.copy,
        verdict=Verdict.HUMAN if one.kind in _BY_PEOPLE else Verdict.MACHINE,
        facts=clean_facts(one.facts) | {"channel": source.channel},
    )


def _unmatched(item: Item, number: int, reported: FindingMeaning, source: FindingSource) -> Unmatched:
    finding, means = reported.finding, reported.means
    who = finding.sender or source.mail_from or ("the null sender" if source.mail else source.channel)
    what = finding.subject or finding.diagnostic or finding.recipient
    wish = holds_back(finding, means.suppress, credited=means.credited)
    summary = storable(f"{finding.kind.value.replace('_', ' ')} from {who}" + (f": {what}" if what else ""))
    return Unmatched(
        event_id(item.record.position, number),
        source.at,
        source.mail,
        NoMailing.ASKS_TO_LEAVE.value if wish else means.unmatched,
        summary,
        kind=finding.kind.value,
        copy=means.copy,
        channel=source.channel,
        facts=clean_facts(means.facts) | ({"message": id_text(means.message)} if means.message else {}),
        address=address_key(finding.recipient) if wish else None,
    )


def clean_facts(facts: Mapping[str, str]) -> dict[str, str]:
    """Facts as every store can hold them."""
    return {name: storable(value) for name, value in facts.items()}
