"""What people decided about what could not be matched."""

from postlude.feedback import FindingKind
from postlude.model.event import Event
from postlude.model.not_mailed import NoMailing
from postlude.model.observation import Resolved
from postlude.model.words import EventKind, Verdict
from postlude.services.digest.attribution import event_of
from postlude.services.digest.item import Item, Meaning, RecordOutcome, event_id
from postlude.services.digest.suppression_policy import BY_HAND, of_accepted_wish, of_decision
from postlude.store import Copy, Resolution, Store, Unmatched

_PEOPLE = frozenset({FindingKind.REPLIED, FindingKind.MAIL, FindingKind.COMPLAINED, FindingKind.UNSUBSCRIBED})


class Resolutions:
    """The step for a user's decisions. An assigned finding counts for its copy from the time it came in."""

    def __init__(self, queue: Store) -> None:
        self._queue = queue

    def __call__(self, item: Item, resolved: Resolved) -> None:
        """Take one decision; the first one about a thing stays."""
        store = self._queue
        row = store.feedback.unmatched(resolved.unmatched)
        if row.state != "open":
            item.outcome = RecordOutcome.REPEATED
            return
        resolutions = (Resolution(resolved.unmatched, resolved.copy, resolved.at, resolved.user),)
        item.outcome = RecordOutcome.RESOLVED
        if not resolved.copy:
            item.meaning = Meaning(resolutions=resolutions)
            return
        copy = store.messages.copy(resolved.copy)
        if row.reason == NoMailing.ASKS_TO_LEAVE:
            item.meaning = _accepted(item, resolved, row, copy, resolutions)
            return
        kind = FindingKind(row.kind or FindingKind.MAIL.value)
        facts = {name: value for name, value in row.facts.items() if name not in {"unmatched", "conflict"}}
        event = Event(
            event_id(item.record.position, 0),
            event_of(kind),
            row.at,
            copy.message,
            copy.id,
            verdict=Verdict.HUMAN if kind in _PEOPLE else Verdict.MACHINE,
            facts=facts | {"channel": row.channel, "evidence": BY_HAND, "strength": "certain"},
        )
        suppress = of_decision(copy.id, kind, facts, resolved.at)
        item.meaning = Meaning(events=(event,), resolutions=resolutions, suppress=suppress)


def _accepted(
    item: Item, resolved: Resolved, row: Unmatched, copy: Copy, resolutions: tuple[Resolution, ...]
) -> Meaning:
    """A wish to be taken off, accepted: its answer is on the timeline already, so only the unsubscribing is added."""
    events: tuple[Event, ...] = ()
    if row.kind != FindingKind.UNSUBSCRIBED:
        facts = {"channel": row.channel, "evidence": BY_HAND, "strength": "certain"}
        number, kind = event_id(item.record.position, 0), EventKind.UNSUBSCRIBED
        events = (Event(number, kind, resolved.at, copy.message, copy.id, verdict=Verdict.HUMAN, facts=facts),)
    suppress = of_accepted_wish(copy.id, resolved.at)
    return Meaning(events=events, resolutions=resolutions, suppress=suppress)
