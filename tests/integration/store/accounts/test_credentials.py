"""Passwords and second steps in the state."""

from postlude.store import Store


def test_who_set_nothing_has_nothing(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org")
    known = store.accounts.credentials(user.id)
    assert known.password == ""
    assert known.totp is None
    assert known.recovery == ()


def test_setting_one_thing_leaves_the_others(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    store.accounts.put_password(user, "first", 1)
    store.accounts.offer_totp(user, b"secret")
    assert store.accounts.confirm_totp(user, b"secret", 7, ("x", "y"))
    store.accounts.put_password(user, "second", 2)
    known = store.accounts.credentials(user)
    assert known.password == "second"
    assert known.password_at == 2
    assert known.totp == b"secret"
    assert known.recovery == ("x", "y")


def test_only_the_secret_that_was_offered_last_is_confirmed(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    store.accounts.offer_totp(user, b"one")
    store.accounts.offer_totp(user, b"two")
    assert not store.accounts.confirm_totp(user, b"one", 7, ())
    assert store.accounts.credentials(user).totp is None


def test_a_step_is_used_once_and_none_before_it(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    store.accounts.offer_totp(user, b"secret")
    store.accounts.confirm_totp(user, b"secret", 7, ())
    assert [store.accounts.use_totp_step(user, step) for step in (7, 8, 8, 6, 9)] == [False, True, False, False, True]


def test_a_password_that_was_changed_meanwhile_is_not_hashed_anew(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    store.accounts.put_password(user, "new", 1)
    store.accounts.rehash_password(user, "old", "old again")
    assert store.accounts.credentials(user).password == "new"


def test_recovery_codes_are_used_one_by_one(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org").id
    store.accounts.put_recovery(user, ("a", "b"))
    assert [store.accounts.use_recovery(user, code) for code in ("a", "a", "c")] == [True, False, False]
    assert store.accounts.credentials(user).recovery == ("b",)
