"""Passkeys in the state, on both engines."""

from postlude.store import Store
from postlude.store.accounts.rows import Passkey


def _added(store: Store, signs: int = 0) -> Passkey:
    user = store.accounts.create_user("alice@example.org").id
    passkey = Passkey("abc", user, b"\x01", "my phone", 5, signs=signs)
    assert store.accounts.add_passkey(passkey)
    return passkey


def test_one_is_known_once_and_found_again(store: Store) -> None:
    passkey = _added(store)
    assert not store.accounts.add_passkey(passkey)
    assert store.accounts.passkey("abc") == passkey
    assert store.accounts.passkey("ABC") is None
    assert store.accounts.list_passkeys(passkey.user) == [passkey]


def test_a_count_only_grows(store: Store) -> None:
    passkey = _added(store, signs=7)
    assert store.accounts.use_passkey(passkey, 8, 10)
    assert not store.accounts.use_passkey(passkey, 8, 10)
    assert not store.accounts.use_passkey(passkey, 0, 10)


def test_one_that_does_not_count_is_used_again_and_again(store: Store) -> None:
    passkey = _added(store)
    assert store.accounts.use_passkey(passkey, 0, 10)
    assert store.accounts.use_passkey(passkey, 0, 11)
    assert store.accounts.list_passkeys(passkey.user)[0].last_used_at == 11


def test_only_its_user_removes_it(store: Store) -> None:
    passkey = _added(store)
    assert not store.accounts.delete_passkey(passkey.user + 1, "abc")
    assert store.accounts.delete_passkey(passkey.user, "abc")
    assert not store.accounts.use_passkey(passkey, 1, 10)
