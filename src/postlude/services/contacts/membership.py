"""What an operator does with a contact's memberships at the contact's wish."""

from collections.abc import Iterable

from postlude.kit.clock import Clock
from postlude.model.not_mailed import UNSUBSCRIBED
from postlude.model.words import MemberStatus
from postlude.store import Store
from postlude.store.contacts.rows import Contact


def leave_lists(store: Store, clock: Clock, contact: Contact, lists: Iterable[int], *, by: str) -> None:
    """End the contact's memberships of `lists`; `by` is the operator who was asked."""
    now = clock.now()
    for list_id in lists:
        store.lists.put_member(list_id, contact.id, MemberStatus.UNSUBSCRIBED, now, f"by {by}")


def leave_everything(store: Store, clock: Clock, contact: Contact, *, by: str) -> None:
    """End every mailing to the contact, of all lists; personal mail and receipts still leave."""
    now = clock.now()
    store.suppressions.add(contact.spelled, UNSUBSCRIBED, "by hand", at=now, by=by)
    store.lists.leave_all(contact.address, now, f"by {by}")
