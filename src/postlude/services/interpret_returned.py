"""Mail that came back: read, tied to a copy, judged."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Final, Protocol

from postlude.feedback import Finding, FindingKind
from postlude.model.event import Event
from postlude.model.observation import Returned
from postlude.model.words import EventKind, Verdict
from postlude.services.attribute import Attribution
from postlude.services.attribute import Unmatched as Why
from postlude.services.interpret_items import Item, Outcome, event_id
from postlude.store import CopySuppression, Unmatched

Parse = Callable[[bytes, Returned], Sequence[Finding]]
"""Reads one mail; never raises for what is in it."""
Attribute = Callable[[Finding, int], Attribution]
"""Ties one finding that came in at a time to a copy."""

IMAP_DOOR: Final = "imap:"
"""How the name of a door begins that reads somebody's mailbox."""
_ORDINARY: Final = frozenset(
    {
        FindingKind.MAIL,
        FindingKind.REPLIED,
        FindingKind.AUTORESPONDED,
        FindingKind.UNSUBSCRIBED,
        FindingKind.DISPLAYED,
        FindingKind.DELIVERED,
        FindingKind.RELAYED,
        FindingKind.EXPANDED,
    }
)
_BY_PEOPLE: Final = frozenset({EventKind.REPLIED, EventKind.COMPLAINED, EventKind.UNSUBSCRIBED, EventKind.DISPLAYED})


class Mails(Protocol):
    """Where returned mail lies."""

    def get(self, id: int) -> bytes:  # noqa: A002 - the spool's word
        """Its bytes; NotFoundError."""
        ...

    def delete(self, id: int) -> None:  # noqa: A002 - the spool's word
        """Remove it."""
        ...


class ReturnedMail:
    """The step for returned mail. The mail itself stays in the spool, matched or not.

    But for one: a mailbox that is read holds other people's ordinary mail, which is none of our business. It is not
    kept and not shown.
    """

    def __init__(self, mails: Mails, parse: Parse, attribute: Attribute) -> None:
        self._mails = mails
        self._parse = parse
        self._attribute = attribute

    def __call__(self, item: Item, returned: Returned) -> None:
        """Read one mail; each finding becomes one event."""
        findings = self._parse(self._mails.get(returned.mail), returned)
        said = [(finding, self._attribute(finding, returned.at)) for finding in findings]
        if returned.door.startswith(IMAP_DOOR) and all(_is_ordinary(*one) for one in said):
            item.outcome = Outcome.ORDINARY
            item.afterwards = partial(self._mails.delete, returned.mail)
            return
        item.events = tuple(_event(item, number, returned, one) for number, (_, one) in enumerate(said))
        item.suppress = tuple(
            CopySuppression(one.copy, one.suppress, one.evidence.value, returned.at) for _, one in said if one.suppress
        )
        lost = next(((finding, one) for finding, one in said if not one.credited), None)
        if lost is not None:
            item.unmatched = _unmatched(item, returned, *lost)
        item.outcome = Outcome.RETURNED if any(one.credited for _, one in said) else Outcome.UNMATCHED


def _is_ordinary(finding: Finding, one: Attribution) -> bool:
    return finding.kind in _ORDINARY and one.unmatched == Why.NOTHING_OF_OURS.value


def _event(item: Item, number: int, returned: Returned, one: Attribution) -> Event:
    verdict = Verdict.HUMAN if one.kind in _BY_PEOPLE else Verdict.MACHINE
    return Event(
        event_id(item.record.position, number),
        one.kind,
        returned.at,
        one.message,
        one.copy,
        verdict=verdict,
        facts={name: _clean(value) for name, value in one.facts.items()} | {"door": returned.door},
    )


def _unmatched(item: Item, returned: Returned, finding: Finding, one: Attribution) -> Unmatched:
    who = finding.sender or returned.mail_from or "the null sender"
    what = finding.subject or finding.diagnostic or finding.recipient
    summary = _clean(f"{finding.kind.value.replace('_', ' ')} from {who}" + (f": {what}" if what else ""))
    return Unmatched(event_id(item.record.position, 0), returned.at, returned.mail, one.unmatched, summary)


def _clean(text: str) -> str:
    """Mail may hold half a surrogate pair, which no store takes."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode("utf-8")
