"""Keys as they are stored."""

import pytest

from postlude.model.api_scope import ApiScope
from postlude.store import ApiKey, Store


@pytest.fixture
def key(store: Store) -> ApiKey:
    user = store.accounts.create_user("alice@example.org", "", (), 1)
    made = ApiKey(id=7, user=user.id, label="shop", scopes=(ApiScope.READ,), senders=("*@a.example",), created_at=5)
    store.api_keys.add(made, b"h" * 32)
    return made


def test_a_key_comes_back(store: Store, key: ApiKey) -> None:
    found = store.api_keys.by_hash(b"h" * 32)
    assert found is not None
    assert found.key == key
    assert found.user.address == "alice@example.org"


def test_an_unknown_hash_finds_nothing(store: Store, key: ApiKey) -> None:
    assert store.api_keys.by_hash(b"x" * 32) is None
    assert store.api_keys.of_user(key.user) == [key]


def test_a_use_is_noted_once_in_a_while(store: Store, key: ApiKey) -> None:
    for at in (100, 110, 300):
        store.api_keys.touch(key.id, at, at - 50)
    assert [one.last_used_at for one in store.api_keys.of_user(key.user)] == [300]


def test_an_end_is_never_later(store: Store, key: ApiKey) -> None:
    for at in (200, 100, 300):
        store.api_keys.end(key.id, at)
    assert [one.ends_at for one in store.api_keys.of_user(key.user)] == [100]
