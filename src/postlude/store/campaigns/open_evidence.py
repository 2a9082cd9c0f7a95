"""What was seen of a campaign's delivered copies, and of the same recipients' earlier ones."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Subquery, and_, case, cast, func, or_, select

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.words import CopyStatus
from postlude.store.base import TopicQueries, as_struct
from postlude.store.messages.copy_states import CopyState, CopyStates
from postlude.store.messages.tables import copies, copy_activity

LOOKED_AT: Final = 20_000
"""Copies whose recipients' earlier copies are read; of larger campaigns a sample of about so many."""
_PAST: Final = 400 * 86_400 * MICROS_PER_SECOND
"""How long ago an earlier copy may be: programs for mail change."""


class SeenCopies(msgspec.Struct, frozen=True, gc=False, kw_only=True):
    """Delivered copies that look alike, and whose recipients' earlier copies do, too.

    The flags are 0 or 1; those of the past say whether any earlier copy was so. Without a look at the past all of it
    is 0.
    """

    copies: int
    opened: int
    """A person loaded the pixel."""
    unknown: int
    """What may be a machine loaded the pixel."""
    responded: int
    """A person clicked or answered."""
    past_seen: int = 0
    past_unknown: int = 0
    past_unseen: int = 0
    """Answered or clicked, without any pixel."""
    past_delivered: int = 0
    """Earlier copies of all of them together; so the next two."""
    past_responded: int = 0
    past_opened: int = 0


class OpenEvidence(TopicQueries):
    """Reads only."""

    def seen(self, messages: Sequence[int]) -> list[SeenCopies]:
        """Every delivered copy of these messages."""
        found: Counter[tuple[int, int, int]] = Counter()
        for one in CopyStates(self._database).of_messages(messages):
            if one.state & CopyState.SENT and not one.state & CopyState.BOUNCED:
                flags = (CopyState.OPENED, CopyState.OPENED_UNKNOWN, CopyState.CLICKED | CopyState.REPLIED)
                opened, unknown, responded = (int(bool(one.state & flag)) for flag in flags)
                found[opened, unknown, responded] += one.copies
        return [
            SeenCopies(copies=count, opened=opened, unknown=unknown, responded=responded)
            for (opened, unknown, responded), count in found.items()
        ]

    def seen_with_past(self, messages: Sequence[int], total: int) -> list[SeenCopies]:
        """A sample of them, with what their recipients did with earlier campaigns; `total`: how many there are."""
        each = _each(messages, max(1, total // LOOKED_AT))
        sums = (cast(func.sum(each.c[name]), BigInteger).label(name) for name in _SUMS)  # PostgreSQL's are decimal
        columns: list[Any] = [func.count().label("copies"), *(each.c[name] for name in _FLAGS), *sums]
        query = select(*columns)
        with self._database.read() as connection:
            rows = connection.execute(query.group_by(*(each.c[name] for name in _FLAGS)))
            return [as_struct(SeenCopies, row) for row in rows]


_FLAGS: Final = ("opened", "unknown", "responded", "past_seen", "past_unknown", "past_unseen")
_SUMS: Final = ("past_delivered", "past_responded", "past_opened")


def _flag(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return case((condition, 1), else_=0)


def _responded(done: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns of a table or of its alias
    return or_(done.clicks > 0, done.replied_at.is_not(None))


def _flags(done: Any) -> dict[str, ColumnElement[int]]:  # noqa: ANN401 - as above
    return {
        "opened": _flag(done.opens > 0),
        "unknown": _flag(done.opens_unknown > 0),
        "responded": _flag(_responded(done)),
    }


def _delivered(messages: Sequence[int]) -> tuple[ColumnElement[bool], ...]:
    sent = copies.c.status == CopyStatus.SENT.value
    return copies.c.message.in_(messages), sent, copy_activity.c.bounced_at.is_(None)


def _each(messages: Sequence[int], step: int) -> Subquery:
    """One row a copy of the sample."""
    before, then = copies.alias("before"), copy_activity.alias("then")
    done = then.c
    opened = or_(done.opens > 0, _responded(done))
    earlier = and_(
        before.c.address == copies.c.address,
        before.c.campaign != 0,
        before.c.sent_at < copies.c.sent_at,
        before.c.sent_at > copies.c.sent_at - _PAST,
        before.c.status == CopyStatus.SENT.value,
    )
    flags = _flags(copy_activity.c)
    unseen = and_(_responded(done), done.opens == 0, done.opens_unknown == 0)
    past = {
        "past_seen": func.max(_flag(done.opens > 0)),
        "past_unknown": func.max(_flag(done.opens_unknown > 0)),
        "past_unseen": func.max(_flag(unseen)),
        "past_delivered": func.count(before.c.id),
        "past_responded": func.sum(_flag(_responded(done))),
        "past_opened": func.sum(_flag(opened)),
    }
    joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id).outerjoin(before, earlier)
    joined = joined.outerjoin(then, done.copy == before.c.id)
    query = select(*(column.label(name) for name, column in (flags | past).items())).select_from(joined)
    query = query.where(*_delivered(messages), copies.c.id % step == 0)
    return query.group_by(copies.c.id, *flags.values()).subquery()
