"""Who has left: the wish not to be mailed any more, as far as memberships tell it.

Leaving a list ends its mailings, and the mailings that name no list (everyone, a tag, a field, who did not open),
unless the contact is still subscribed to another list: then those who name no list may still reach them. Nobody but
the contact takes the wish back. Memberships that were left outlive their list for that reason.
"""

from sqlalchemy import ColumnElement, select

from postlude.model.words import MemberStatus
from postlude.store.contacts.tables import contacts, list_members


def has_left() -> ColumnElement[bool]:
    """The condition on `contacts`: they left a list and are subscribed to none."""
    return _is(MemberStatus.UNSUBSCRIBED) & ~_is(MemberStatus.SUBSCRIBED)


def _is(status: MemberStatus) -> ColumnElement[bool]:
    mine = list_members.c.contact == contacts.c.id
    return select(list_members.c.list).where(mine, list_members.c.status == status.value).exists()
