"""Lists: made, changed, deleted."""

from typing import TypedDict

from postlude.kit.clock import Clock
from postlude.store import Store
from postlude.store.contacts.rows import MailingList


class ListDetails(TypedDict, total=False):
    """What can be set of a list; what is absent stays as it is."""

    name: str
    description: str
    consent_text: str
    sender: str
    double_optin: bool
    public: bool


def add_list(store: Store, clock: Clock, name: str, details: ListDetails) -> MailingList:
    """Make a list; InputError without a name or when another list has it."""
    values = {key: value for key, value in details.items() if key != "name"}
    return store.lists.add(name, clock.now(), **values)


def change_list(store: Store, list_id: int, details: ListDetails) -> MailingList:
    """Change what `details` names; NotFoundError when the list is gone."""
    return store.lists.change(list_id, **details)


def delete_list(store: Store, list_id: int) -> bool:
    """Delete a list with its memberships; its contacts stay. False when there was none."""
    return store.lists.delete(list_id)
