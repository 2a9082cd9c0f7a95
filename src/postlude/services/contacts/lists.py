"""Lists: made, changed, deleted."""

from typing import TypedDict

from postlude.kit.clock import Clock
from postlude.mail.header_text import mailbox
from postlude.mail.mailboxes import read_one_mailbox
from postlude.services.accounts.sender_rights import permitted_sender
from postlude.store import Store, User
from postlude.store.contacts.rows import MailingList


class ListDetails(TypedDict, total=False):
    """What can be set of a list; what is absent stays as it is."""

    name: str
    description: str
    consent_text: str
    sender: str
    double_optin: bool
    public: bool


def _checked(details: ListDetails) -> ListDetails:
    """With the sender of the list's confirmation mails normalised; InputError when it is not a mailbox."""
    sender = details.get("sender", "")
    if not sender.strip():
        return details
    box = read_one_mailbox(sender)
    return {**details, "sender": mailbox(box.name, box.spelled)}


def add_list(store: Store, clock: Clock, name: str, details: ListDetails, user: User | None = None) -> MailingList:
    """Make a list; InputError without a name, when another list has it, or for a sender `user` may not write as.

    Without a `user` it is who runs the server.
    """
    values = {key: value for key, value in _checked(details).items() if key != "name"}
    return store.lists.add(name, clock.now(), **values, **_owner(details, user))


def change_list(store: Store, list_id: int, details: ListDetails, user: User | None = None) -> MailingList:
    """Change what `details` names; NotFoundError when the list is gone, InputError as `add_list`."""
    checked = _checked(details)
    same = checked.get("sender") == store.lists.get(list_id).sender
    return store.lists.change(list_id, **checked, **({} if same else _owner(details, user)))


def delete_list(store: Store, list_id: int) -> bool:
    """Delete a list with its memberships; its contacts stay. False when there was none."""
    return store.lists.delete(list_id)


def _owner(details: ListDetails, user: User | None) -> dict[str, int]:
    """Whose word the sender is: theirs who set it last."""
    if "sender" not in details:
        return {}
    if user is not None and details["sender"].strip():
        permitted_sender(user.address, user.senders, details["sender"])
    return {"owner": 0 if user is None else user.id}
