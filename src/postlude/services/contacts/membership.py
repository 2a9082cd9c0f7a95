"""What an operator does with a contact's memberships at the contact's wish."""

from collections.abc import Iterable

from postlude.kit.clock import Clock
from postlude.model.words import MemberStatus
from postlude.store import Store
from postlude.store.contacts.rows import Contact

UNSUBSCRIBED = "unsubscribed"


def leave_lists(store: Store, clock: Clock, contact: Contact, lists: Iterable[int], *, by: str) -> None:
    """End the contact's memberships of `lists`; `by` is the operator who was asked."""
    now = clock.now()
    for list_id in lists:
        store.lists.put_member(list_id, contact.id, MemberStatus.UNSUBSCRIBED, now, f"by {by}")


def leave_everything(store: Store, clock: Clock, contact: Contact, *, by: str) -> None:
    """Suppress the contact's address: nothing is sent to it any more."""
    store.suppressions.add(contact.spelled, UNSUBSCRIBED, "by hand", at=clock.now(), by=by)
