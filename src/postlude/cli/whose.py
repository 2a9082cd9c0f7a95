"""Whose mail a command is about."""

from postlude.model.errors import NotFoundError
from postlude.store import Store


def user_or_first(store: Store, address: str) -> int:
    """The user with that login, the first one without any; NotFoundError when there is none."""
    found = store.accounts.user_by_address(address) if address else store.accounts.first_user()
    if found is None:
        raise NotFoundError(f"no user {address}" if address else "there is no user yet: start `postlude up` once")
    return found.id
