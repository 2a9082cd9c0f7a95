"""Counts of campaigns: one row per message, over all of its copies."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, and_, exists, func, not_, or_, select

from postlude.model.words import CopyStatus
from postlude.store.base import TopicQueries, as_struct
from postlude.store.campaigns.rows import Funnel
from postlude.store.contacts.tables import suppressions
from postlude.store.messages.queries import COPY_COLUMNS
from postlude.store.messages.rows import Copy
from postlude.store.messages.tables import copies, copy_activity

_FAILED = tuple(status.value for status in (CopyStatus.REJECTED, CopyStatus.EXPIRED, CopyStatus.SUPPRESSED))


class CampaignReports(TopicQueries):
    """Reads only."""

    def funnels(self, messages: Sequence[int]) -> dict[int, Funnel]:
        """The funnel of each of these messages that has copies."""
        joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
        counted = [func.count().filter(held).label(name) for name, held in _conditions().items()]
        query = select(copies.c.message, func.count().label("copies"), *counted).select_from(joined)
        query = query.where(copies.c.message.in_(messages)).group_by(copies.c.message)
        with self._database.read() as connection:
            return {row.message: as_struct(Funnel, row) for row in connection.execute(query)}

    def recipients(self, messages: Sequence[int], what: str = "", after: int = 0, limit: int = 100) -> list[Copy]:
        """Copies in the order of their ids, those after `after`; of `what` became as `Funnel` counts it, empty: all."""
        joined = copies.outerjoin(copy_activity, copy_activity.c.copy == copies.c.id)
        query = select(*COPY_COLUMNS).select_from(joined).where(copies.c.message.in_(messages), copies.c.id > after)
        if what:
            query = query.where(_conditions()[what])
        with self._database.read() as connection:
            return [as_struct(Copy, row) for row in connection.execute(query.order_by(copies.c.id).limit(limit))]


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
