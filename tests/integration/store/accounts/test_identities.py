"""By which names other services know our users, on both engines."""

from postlude.store import Store


def test_a_name_is_one_users(store: Store) -> None:
    alice = store.accounts.create_user("alice@example.org").id
    assert store.accounts.identity_user("https://a.example", "7") is None
    assert store.accounts.put_identity("https://a.example", "7", alice, 1)
    found = store.accounts.identity_user("https://a.example", "7")
    assert found is not None
    assert found.id == alice
    assert store.accounts.identity_user("https://b.example", "7") is None


def test_an_issuer_knows_a_user_by_one_name(store: Store) -> None:
    alice = store.accounts.create_user("alice@example.org").id
    assert store.accounts.put_identity("https://a.example", "7", alice, 1)
    assert not store.accounts.put_identity("https://a.example", "8", alice, 1)
    assert store.accounts.put_identity("https://b.example", "8", alice, 1)
    assert store.accounts.forget_identities(alice) == 2
    assert store.accounts.put_identity("https://a.example", "8", alice, 1)
