"""Contacts who left: the wish not to be mailed, as recorded in memberships.

Leaving a list ends its mailings. Mailings that name no list (everyone, a tag, a field, who did not open) then reach the
contact only while it is subscribed to another list. Only the contact can reverse the wish, so ended memberships outlive
their list.
"""

from typing import Any

from sqlalchemy import ColumnElement, select

from postlude.model.words import MemberStatus
from postlude.store.contacts.tables import contacts, list_members


def has_left() -> ColumnElement[bool]:
    """The condition on `contacts`: they left a list and are subscribed to none."""
    return _is(MemberStatus.UNSUBSCRIBED) & ~_is(MemberStatus.SUBSCRIBED)


def left_the_list(contact: Any, list_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns
    """Whether `contact` left this one list, whatever else it is subscribed to."""
    mine = list_members.c.contact == contact, list_members.c.list == list_id
    return select(list_members.c.list).where(*mine, list_members.c.status == MemberStatus.UNSUBSCRIBED.value).exists()


def _is(status: MemberStatus) -> ColumnElement[bool]:
    mine = list_members.c.contact == contacts.c.id
    return select(list_members.c.list).where(mine, list_members.c.status == status.value).exists()
