"""The audience of a campaign: one query, to be counted, read in pages, or inserted into other tables.

An audience's segment comes settled (services.segments.settling).
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, literal, null, select

from postlude.store.base import TopicQueries, as_struct
from postlude.store.contacts.leaving import has_left
from postlude.store.contacts.may_leave import ends_mailings, has_asked_to_leave
from postlude.store.contacts.rows import Audience, Contact, Recipient
from postlude.store.contacts.segment_query import chooses
from postlude.store.contacts.tables import contact_tags, contacts, list_members, suppressions

_SUBSCRIBED = "subscribed"
_WITHDRAWN = "withdrawn"


class Audiences(TopicQueries):
    """Questions about audiences."""

    def audience_count(self, audience: Audience) -> int:
        """Size of the audience."""
        with self._database.read() as connection:
            inner = select(contacts.c.id).where(*in_audience(audience)).subquery()
            return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())

    def audience_page(
        self, audience: Audience, after: int = 0, limit: int = 1000, *, paged: bool = True
    ) -> list[Recipient]:
        """Members with an id above `after`, in the order of their ids. `paged` as for `in_audience`."""
        query = select(contacts, _by_list(audience).label("by_list")).where(
            contacts.c.id > after, *in_audience(audience, paged=paged)
        )
        with self._database.read() as connection:
            rows = connection.execute(query.order_by(contacts.c.id).limit(limit)).all()
        return [Recipient(contact=as_struct(Contact, row), list=row.by_list) for row in rows]

    def audience_asking(self, audience: Audience) -> int:
        """How many are chosen and left out, because of an undecided answer that asks to be taken off."""
        asked = [~_suppressed(), has_asked_to_leave(contacts.c.address)]
        with self._database.read() as connection:
            inner = select(contacts.c.id).where(*asked, *_chosen(audience, paged=False)).subquery()
            return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())

    def audience_left(self, audience: Audience) -> int:
        """How many are chosen and left out, because they left a list and are subscribed to none."""
        asked = [contacts.c.mail_consent != _WITHDRAWN, ~_suppressed(), has_left()]
        with self._database.read() as connection:
            inner = select(contacts.c.id).where(*asked, *_chosen(audience, paged=False)).subquery()
            return int(connection.execute(select(func.count()).select_from(inner)).scalar_one())


def audience_members(audience: Audience, *, stood_since: int = 0) -> Select[tuple[int, int | None]]:
    """(contact, list) of every member, in the order of contact ids, to be read in pages."""
    query = select(contacts.c.id.label("contact"), _by_list(audience).label("list"))
    return query.where(*in_audience(audience, paged=True, stood_since=stood_since)).order_by(contacts.c.id)


def in_audience(audience: Audience, *, paged: bool = False, stood_since: int = 0) -> list[ColumnElement[bool]]:
    """Conditions on `contacts` that select its members.

    For one query (a count), sets are built once. For reading in pages, every condition looks up each contact by key
    instead: rebuilding a set for every thousand contacts makes a list of a million quadratic.

    `stood_since`: who is chosen for an opening or a click is so for one seen before this moment, whose verdict has
    stood since; 0: whenever it was seen.
    """
    found = [~one for one in ends_mailings()]
    return found + _chosen(audience, paged=paged, stood_since=stood_since)


def _chosen(audience: Audience, *, paged: bool, stood_since: int = 0) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    chosen = bool(audience.lists or audience.tags or audience.contacts or audience.everyone or audience.segment)
    if not chosen:
        found.append(literal(value=False))
    if audience.lists:
        found.append(_on_list(audience.lists, paged=paged))
    if audience.tags:
        found.append(_has_tag(audience.tags, paged=paged))
    if audience.contacts:
        found.append(contacts.c.id.in_(audience.contacts))
    if audience.without_lists:
        found.append(~_on_list(audience.without_lists, paged=paged))
    if audience.without_tags:
        found.append(~_has_tag(audience.without_tags, paged=paged))
    if audience.consented:
        found.append(contacts.c.mail_consent == "given")
    if audience.segment is not None:
        found.append(chooses(audience.segment, paged=paged, stood_since=stood_since))
    return found


def _suppressed() -> ColumnElement[bool]:
    return exists().where(suppressions.c.address == contacts.c.address)


def _on_list(wanted: Sequence[int], *, paged: bool) -> ColumnElement[bool]:
    members = select(list_members.c.contact).where(
        list_members.c.list.in_(wanted), list_members.c.status == _SUBSCRIBED
    )
    if paged:
        return members.where(list_members.c.contact == contacts.c.id).exists()
    return contacts.c.id.in_(members)


def _has_tag(wanted: Sequence[int], *, paged: bool) -> ColumnElement[bool]:
    tagged = select(contact_tags.c.contact).where(contact_tags.c.tag.in_(wanted))
    if paged:
        return tagged.where(contact_tags.c.contact == contacts.c.id).exists()
    return contacts.c.id.in_(tagged)


def _by_list(audience: Audience) -> Any:  # noqa: ANN401 - a scalar query or NULL
    """The list a member is in it by: unsubscribing ends exactly one membership."""
    if not audience.lists:
        return null()
    mine = and_(
        list_members.c.contact == contacts.c.id,
        list_members.c.list.in_(audience.lists),
        list_members.c.status == _SUBSCRIBED,
    )
    return select(func.min(list_members.c.list)).where(mine).scalar_subquery()
