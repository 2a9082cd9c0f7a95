"""Counts of campaigns: one row per message, over all of its copies."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final, Protocol

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from postlude.model.words import CopyStatus
from postlude.store.base import TopicQueries, after_last, as_struct
from postlude.store.campaigns.rows import Funnel
from postlude.store.contacts.tables import suppressions
from postlude.store.messages.copy_states import CopyState, CopyStates, StateCount
from postlude.store.messages.queries import COPY_COLUMNS
from postlude.store.messages.rows import Copy
from postlude.store.messages.tables import copies, copy_activity

_FAILED = tuple(status.value for status in (CopyStatus.REJECTED, CopyStatus.EXPIRED, CopyStatus.SUPPRESSED))


class CampaignReports(TopicQueries):
    """Reads only."""

    def funnels(self, messages: Sequence[int]) -> dict[int, Funnel]:
        """The funnel of each of these messages that has copies."""
        states: dict[int, list[StateCount]] = {}
        for one in CopyStates(self._database).of_messages(messages):
            states.setdefault(one.message, []).append(one)
        left = [message for message, some in states.items() if any(one.state & _LEFT for one in some)]
        left_all = self._left_all(left) if left else {}
        return {
            message: Funnel(message=message, **count_funnel(some), left_all=left_all.get(message, 0))
            for message, some in states.items()
        }

    def _left_all(self, messages: Sequence[int]) -> dict[int, int]:
        """Of those who unsubscribed, how many left all mailings: few, and an index has them."""
        joined = copies.join(copy_activity, copy_activity.c.copy == copies.c.id)
        mine = copy_activity.c.message.in_(messages), _conditions()["left_all"]
        query = (
            select(copies.c.message, func.count().label("number"))
            .select_from(joined)
            .where(*mine)
            .group_by(copies.c.message)
        )
        with self._database.read() as connection:
            return {row.message: row.number for row in connection.execute(query)}

    def recipients(self, messages: Sequence[int], what: str = "", after: int = 0, limit: int = 100) -> list[Copy]:
        """Copies in the order of their ids, those after `after`; of `what` became as `Funnel` counts it, empty: all."""
        joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
        query = select(*COPY_COLUMNS).select_from(joined).where(copies.c.message.in_(messages), copies.c.id > after)
        if what:
            query = query.where(_conditions()[what])
        with self._database.read() as connection:
            return [as_struct(Copy, row) for row in connection.execute(query.order_by(copies.c.id).limit(limit))]

    def recipients_in_parts(self, messages: Sequence[int], size: int) -> Iterator[list[Copy]]:
        """All copies of these messages in the order of their ids, so many at a time."""
        return after_last(lambda after: self.recipients(messages, "", after, size))


def count_funnel(states: Iterable[StateCount]) -> dict[str, int]:
    """The numbers of a funnel by its fields' names, but for `left_all`."""
    found = dict.fromkeys(("copies", *_HELD), 0)
    for one in states:
        found["copies"] += one.copies
        for name, holds in _HELD.items():
            if holds(one.state):
                found[name] += one.copies
    return found


def _opened(state: int) -> bool:
    # Who clicked or answered has seen it, whether or not the pixel was loaded.
    return bool(state & (CopyState.OPENED | CopyState.CLICKED | CopyState.REPLIED))


class _Condition(Protocol):
    def __call__(self, state: int, /) -> object:
        """Whether the state counts; what `bool` makes of it."""
        ...


_S: Final = CopyState
_LEFT: Final = CopyState.UNSUBSCRIBED
_HELD: Final[dict[str, _Condition]] = {
    "sent": lambda state: state & _S.SENT,
    "delivered": lambda state: state & _S.SENT and not state & _S.BOUNCED,
    "failed": lambda state: state & (_S.REJECTED | _S.EXPIRED | _S.SUPPRESSED),
    "indeterminate": lambda state: state & _S.INDETERMINATE,
    "bounced": lambda state: state & _S.BOUNCED,
    "opened": _opened,
    "opened_unknown": lambda state: not _opened(state) and state & _S.OPENED_UNKNOWN,
    "opened_machine": lambda state: not _opened(state) and not state & _S.OPENED_UNKNOWN and state & _S.OPENED_MACHINE,
    "clicked": lambda state: state & _S.CLICKED,
    "clicked_machine": lambda state: not state & _S.CLICKED and state & _S.CLICKED_MACHINE,
    "replied": lambda state: state & _S.REPLIED,
    "unsubscribed": lambda state: state & _LEFT,
    "complained": lambda state: state & _S.COMPLAINED,
}
"""The same as `_conditions`, of counted states."""


def _conditions() -> dict[str, ColumnElement[bool]]:
    done, status = copy_activity.c, copies.c.status
    sent = status == CopyStatus.SENT.value
    clicked = done.clicks > 0
    # Who clicked or answered has seen it, whether or not the pixel was loaded.
    opened = func.coalesce(or_(done.opens > 0, clicked, done.replied_at.is_not(None)), False)
    unknown = and_(not_(opened), done.opens_unknown > 0)
    left = done.unsubscribed_at.is_not(None)
    mine = suppressions.c.address == copies.c.address, suppressions.c.left_at.is_not(None)
    everything = exists().where(*mine, suppressions.c.left_at >= done.unsubscribed_at)
    return {
        "sent": sent,
        "delivered": and_(sent, done.bounced_at.is_(None)),
        "failed": status.in_(_FAILED),
        "indeterminate": status == CopyStatus.INDETERMINATE.value,
        "bounced": done.bounced_at.is_not(None),
        "opened": opened,
        "opened_unknown": unknown,
        "opened_machine": and_(not_(opened), done.opens_unknown == 0, done.opens_machine > 0),
        "clicked": clicked,
        "clicked_machine": and_(done.clicks == 0, done.clicks_machine > 0),
        "replied": done.replied_at.is_not(None),
        "unsubscribed": left,
        "left_all": and_(left, everything),
        "complained": done.complained_at.is_not(None),
    }
