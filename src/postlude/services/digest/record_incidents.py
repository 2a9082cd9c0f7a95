"""Incidents about single records: stored mail that is damaged, and records that could not be digested."""

from collections.abc import Iterable, Iterator
from typing import Final

from postlude.kit.clock import to_iso
from postlude.kit.ids import id_text
from postlude.model.observation import Submitted
from postlude.services.digest.item import Item, RecordOutcome
from postlude.store import Incident

# Calls of unknown providers and forged ones are quarantined as well: who sends them is a stranger.
_OURS: Final = frozenset({RecordOutcome.UNREADABLE, RecordOutcome.FAILED, RecordOutcome.REFUSED})
_DATE: Final = 10


def incidents_of(items: Iterable[Item], now: int) -> Iterator[Incident]:
    """What no page shows by itself: accepted mail one by one, all else once a day and kind."""
    for item in items:
        if item.damage:
            yield Incident(f"spool:{item.record.event_id()}", now, "spool", item.damage)
        if item.outcome not in _OURS:
            continue
        seen = item.observation
        if isinstance(seen, Submitted):
            yield Incident(f"not-taken-in:{seen.message}", now, "quarantined", _not_taken_in(seen, item.reason))
        else:
            kind = "unreadable" if seen is None else type(seen).__name__
            key = f"quarantined:{kind}:{item.outcome}:{to_iso(now)[:_DATE]}"
            yield Incident(key, now, "quarantined", _quarantined(item, kind))


def _not_taken_in(seen: Submitted, reason: str) -> str:
    name = id_text(seen.message)
    return (
        f"the message from {seen.mail_from or 'the null sender'} that was accepted at {to_iso(seen.at)} does not "
        f"leave: it could not be digested ({reason}). Its bytes are kept in the spool as {name[:2]}/{name}.eml: send "
        "it again"
    )


def _quarantined(item: Item, kind: str) -> str:
    place = item.record.position
    return (
        f"a record of the journal ({kind}; writer {place.writer}, segment {place.segment}, byte {place.offset}) could "
        f"not be digested and does not count: {item.reason}. It is kept in the database; others of its kind may follow "
        "today without another word. Report it with the log"
    )
