"""Whose mail a command is about."""

import pytest

from postlude.cli.whose import user_or_first
from postlude.model.errors import NotFoundError
from postlude.store import Store


def test_without_a_name_it_is_the_first_user(store: Store) -> None:
    with pytest.raises(NotFoundError, match="no user yet"):
        user_or_first(store, "")
    alice = store.accounts.create_user("alice@example.org", created_at=1)
    bob = store.accounts.create_user("bob@example.org", created_at=2)
    assert user_or_first(store, "") == alice.id
    assert user_or_first(store, "bob@example.org") == bob.id
    with pytest.raises(NotFoundError, match="no user carol"):
        user_or_first(store, "carol@example.org")
