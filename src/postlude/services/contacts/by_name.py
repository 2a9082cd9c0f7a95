"""Lists, tags and contacts found by what people call them."""

from collections.abc import Sequence

from postlude.model.address import read_mailbox
from postlude.model.errors import NotFoundError
from postlude.store import Store
from postlude.store.contacts.rows import Contact


def list_ids(store: Store, names: Sequence[str]) -> tuple[int, ...]:
    """Ids of lists by their names, whatever the case of letters; NotFoundError for a name that no list has."""
    return tuple(_list_id(store, name) for name in names)


def tag_id(store: Store, name: str) -> int:
    """The id of a tag by its name, whatever the case of letters; NotFoundError when no contact has it."""
    found = store.contacts.find_tag(name)
    if found is None:
        known = ", ".join(repr(one) for one in store.contacts.tag_names().values()) or "none yet"
        raise NotFoundError(f"no contact has the tag {name!r}; there are: {known}")
    return found


def contact_called(store: Store, address: str) -> Contact:
    """The contact with this address; NotFoundError when there is none, InputError for what is not an address."""
    contact = store.contacts.by_address(read_mailbox(address).spelled)
    if contact is None:
        raise NotFoundError(f"{address} is not a contact: add it with `postlude contacts add {address}`")
    return contact


def _list_id(store: Store, name: str) -> int:
    kept = store.lists.by_name(name)
    if kept is None:
        known = ", ".join(repr(one.name) for one in store.lists.every()) or "none yet"
        raise NotFoundError(f"there is no list {name!r}; there are: {known}. Make it with `postlude lists add`")
    return kept.id
