"""What is set for senders: an address, or every address of a domain."""

from postlude.mail.mailboxes import read_one_mailbox
from postlude.model.domain_name import address_key, checked_domain
from postlude.model.errors import InputError
from postlude.model.words import IfIndeterminate
from postlude.store import Store

_PREFIX = "sender:"
_INDETERMINATE = "indeterminate"


def if_indeterminate(store: Store, sender: str) -> IfIndeterminate:
    """What the sender, a From address, wants: its own setting, else its domain's, else never twice."""
    key = address_key(sender)
    for name in (key, key.rpartition("@")[2]):
        kept = store.settings.get(_PREFIX + name, {}).get(_INDETERMINATE)
        if kept is not None:
            return IfIndeterminate(kept)
    return IfIndeterminate.NEVER_TWICE


def set_if_indeterminate(store: Store, sender: str, wanted: IfIndeterminate | None) -> str:
    """Keep it for an address or a domain; None forgets it. How the sender is kept; InputError when it is neither."""
    name = sender_key(sender)
    if wanted is None:
        store.settings.delete(_PREFIX + name)
    else:
        store.settings.put(_PREFIX + name, {_INDETERMINATE: wanted.value})
    return name


def sender_settings(store: Store) -> dict[str, IfIndeterminate]:
    """All that is set, by address or domain."""
    return {
        key.removeprefix(_PREFIX): IfIndeterminate(store.settings.get(key)[_INDETERMINATE])
        for key in store.settings.keys(_PREFIX)
    }


def sender_key(text: str) -> str:
    """An address, or a domain, as it is looked up; InputError for anything else."""
    if "@" in text:
        return address_key(read_one_mailbox(text).spelled)
    name = checked_domain(text.strip())
    if "." not in name:
        raise InputError(f"{text!r} is neither an address nor a domain; write anna@example.org or example.org")
    return name
