"""Contacts who left: the wish not to be mailed, as recorded in memberships.

Leaving a list ends its mailings. Mailings that name no list (everyone, a tag, a field, who did not open) then reach the
contact only while it is subscribed to another list. Only the contact can reverse the wish, so ended memberships outlive
their list.
"""

from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select

from postlude.model.words import MemberStatus
from postlude.store.contacts.tables import contacts, list_members


def has_left() -> ColumnElement[bool]:
    """The condition on `contacts`: they left a list and are subscribed to none."""
    return left_any() & ~_a_membership(list_members.c.status == MemberStatus.SUBSCRIBED.value)


def left_any() -> ColumnElement[bool]:
    """The condition on `contacts`: they left a list, whatever else they are subscribed to."""
    return _a_membership(ended())


def left_the_list(contact: Any, list_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns
    """Whether `contact` left this one list, whatever else it is subscribed to."""
    mine = list_members.c.contact == contact, list_members.c.list == list_id
    return select(list_members.c.list).where(*mine, ended()).exists()


def ended() -> ColumnElement[bool]:
    """A membership the contact ended. Asked to confirm that it comes back, it has not come back yet."""
    asked_again = and_(list_members.c.status == MemberStatus.PENDING.value, list_members.c.unsubscribed_at.is_not(None))
    return or_(list_members.c.status == MemberStatus.UNSUBSCRIBED.value, asked_again)


def _a_membership(condition: ColumnElement[bool]) -> ColumnElement[bool]:
    mine = list_members.c.contact == contacts.c.id
    return select(list_members.c.list).where(mine, condition).exists()
