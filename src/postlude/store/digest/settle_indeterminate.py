"""What is known of an indeterminate copy later: whatever came of it says that the next server had taken it."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from sqlalchemy import Connection, func, literal_column, or_, select, update

from postlude.model.words import CopyStatus, EventKind, SendOutcome
from postlude.store.base import chunks
from postlude.store.digest.projection import CONFIRMED, IMPLIED, Delta
from postlude.store.digest.rows import Batch
from postlude.store.messages.queries import SHOWN_LATER
from postlude.store.messages.tables import copies, copy_activity

_SHOWN: Final = ("bounced_at", "unsubscribed_at", "autoresponded_at")
_DELIVERED: Final = (IMPLIED, CONFIRMED)
# Not bound values: the index of indeterminate copies is found by this very text.
_IS_INDETERMINATE: Final = copies.c.status == literal_column(f"'{CopyStatus.INDETERMINATE.value}'")
# Nor without the order: SQLite would look through all copies instead, once a batch (35 ms for 800,000).
FIRST_INDETERMINATE: Final = select(copies.c.id).where(_IS_INDETERMINATE).order_by(copies.c.id).limit(1)


def settle_indeterminate(connection: Connection, folded: Iterable[Delta], batch: Batch) -> None:
    """SENT for indeterminate copies of which this batch, or an earlier one, shows that they were taken.

    `folded`: what the batch adds to the copies' activity, which is merged already. There are few such copies, mostly
    none: then it costs one look into an index.
    """
    if connection.execute(FIRST_INDETERMINATE).first() is None:
        return
    became = [one.copy for one in batch.attempts if one.outcome is SendOutcome.INDETERMINATE]
    shown = [delta["copy"] for delta in folded if _shows(delta)]
    _settle(connection, [*became, *shown], _by_activity())
    _settle(connection, _delayed(batch), literal_column("1") == literal_column("1"))


def _shows(delta: Delta) -> bool:
    return delta["delivered_how"] in _DELIVERED or any(delta[name] is not None for name in _SHOWN)


def _by_activity() -> Any:  # noqa: ANN401 - a condition
    mine = copy_activity.c.copy == copies.c.id
    proof = or_(copy_activity.c.delivered_how.in_(_DELIVERED), *(copy_activity.c[n].is_not(None) for n in _SHOWN))
    return select(copy_activity.c.copy).where(mine, proof).exists()


def _delayed(batch: Batch) -> list[int]:
    """Copies a report speaks of as delayed: a server has them."""
    return [event.copy for event in batch.events if event.kind is EventKind.DEFERRED and "channel" in event.facts]


def _settle(connection: Connection, wanted: Sequence[int], proof: Any) -> None:  # noqa: ANN401 - a condition
    activity = select(func.coalesce(copy_activity.c.delivered_at, copy_activity.c.last_event_at))
    at = activity.where(copy_activity.c.copy == copies.c.id).scalar_subquery()
    taken = {"status": CopyStatus.SENT.value, "next_attempt_at": None, "text": SHOWN_LATER, "sent_at": at}
    for some in chunks(wanted):
        connection.execute(update(copies).where(copies.c.id.in_(some), _IS_INDETERMINATE, proof).values(taken))
