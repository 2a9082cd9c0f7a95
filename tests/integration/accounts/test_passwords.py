"""Passwords of users: what may be one, how it is stored, what setting one ends."""

import threading

import pytest

from postlude.model.errors import InputError
from postlude.services.accounts import passwords
from postlude.services.accounts.one_time_links import LinkPurpose, link_user, make_link
from postlude.services.accounts.passwords import (
    PasswordsBusyError,
    check_new_password,
    hash_password,
    is_outdated,
    password_matches,
    set_password,
    set_password_by_link,
)
from postlude.services.accounts.sessions import session_user
from postlude.services.accounts.users import check_app_password, new_app_password
from postlude.store import Store, User
from support.hand_clock import HandClock

GOOD = "a horse, a battery"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alice(store: Store) -> User:
    return store.accounts.create_user("alice@example.org", "Alice of the Shop")


def test_a_password_matches_its_own_hash_only() -> None:
    stored = hash_password(GOOD)
    assert stored.startswith("$argon2id$")
    assert GOOD not in stored
    assert password_matches(GOOD, stored)
    assert not password_matches(GOOD + ".", stored)


def test_two_hashes_of_one_password_differ() -> None:
    assert hash_password(GOOD) != hash_password(GOOD)


def test_without_a_stored_one_none_matches() -> None:
    assert not password_matches("", "")
    assert not password_matches("of an account that has none", "")


def test_one_letter_in_two_spellings_of_unicode_is_one_password() -> None:
    assert password_matches("Mu\u0308hle am Bach", hash_password("M\u00fchle am Bach"))


def test_a_hash_that_is_not_one_matches_nothing() -> None:
    assert not password_matches(GOOD, "$argon2id$v=19$m=1")


def test_other_parameters_are_outdated() -> None:
    assert not is_outdated(hash_password(GOOD))
    assert is_outdated("$argon2id$v=19$m=19456,t=2,p=1$LXXh$c32")


@pytest.mark.parametrize(
    "password",
    ["short one", "x" * 600, "abababababab", "alice@example.org", "Alice of the Shop", "alice1234567"],
)
def test_what_is_guessed_too_easily_is_refused(alice: User, password: str) -> None:
    with pytest.raises(InputError, match="password"):
        check_new_password(password, alice)


def test_setting_one_ends_sessions_and_links(store: Store, clock: HandClock, alice: User) -> None:
    began = clock.now() - 1
    token = make_link(store, clock, LinkPurpose.SIGN_IN, alice, 60)
    set_password(store, clock, alice, GOOD)
    assert session_user(store, alice.id, "s", began) is None
    assert link_user(store, clock, LinkPurpose.SIGN_IN, token) is None


def test_setting_one_leaves_app_passwords_alone(store: Store, clock: HandClock, alice: User) -> None:
    app_password = new_app_password(store, alice, "Thunderbird", clock)
    set_password(store, clock, alice, GOOD)
    assert check_app_password(store, alice.address, app_password) is not None
    assert check_app_password(store, alice.address, GOOD) is None


def test_a_link_sets_one_once(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, LinkPurpose.PASSWORD, alice, 60)
    assert set_password_by_link(store, clock, token, GOOD) == alice
    assert set_password_by_link(store, clock, token, GOOD) is None
    assert password_matches(GOOD, store.accounts.credentials(alice.id).password)


def test_a_refused_password_leaves_the_link_as_it_is(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, LinkPurpose.PASSWORD, alice, 60)
    with pytest.raises(InputError):
        set_password_by_link(store, clock, token, "short")
    assert set_password_by_link(store, clock, token, GOOD) == alice


def test_more_than_a_few_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_IN_LINE", threading.BoundedSemaphore(1))
    with passwords._turn(), pytest.raises(PasswordsBusyError):
        hash_password(GOOD)
    assert hash_password(GOOD)
