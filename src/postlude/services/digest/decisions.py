"""What people decided about what could not be matched."""

from postlude.feedback import FindingKind
from postlude.model.event import Event
from postlude.model.observation import Resolved
from postlude.model.words import Verdict
from postlude.services.digest.attribution import event_of
from postlude.services.digest.item import Item, Meaning, RecordOutcome, event_id
from postlude.services.digest.suppression_policy import BY_HAND, of_decision
from postlude.store import Resolution, Store

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
