"""Links that work once, for a while, for one purpose."""

import pytest

from postlude.services.accounts.one_time_links import LinkPurpose, forget_links, link_user, make_link, use_link
from postlude.services.accounts.sessions import disable_user
from postlude.store import Store, User
from support.hand_clock import HandClock

PASSWORD, SIGN_IN = LinkPurpose.PASSWORD, LinkPurpose.SIGN_IN


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alice(store: Store) -> User:
    return store.accounts.create_user("alice@example.org", "Alice")


def test_it_works_once(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, PASSWORD, alice, 60)
    assert use_link(store, clock, PASSWORD, token) == alice
    assert use_link(store, clock, PASSWORD, token) is None


def test_looking_does_not_use_it_up(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, PASSWORD, alice, 60)
    assert link_user(store, clock, PASSWORD, token) == alice
    assert use_link(store, clock, PASSWORD, token) == alice


def test_a_link_for_one_purpose_is_none_for_another(store: Store, clock: HandClock, alice: User) -> None:
    assert use_link(store, clock, SIGN_IN, make_link(store, clock, PASSWORD, alice, 60)) is None
    assert use_link(store, clock, PASSWORD, make_link(store, clock, SIGN_IN, alice, 60)) is None


def test_it_ends_by_itself(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, PASSWORD, alice, 60)
    clock.seconds += 61
    assert link_user(store, clock, PASSWORD, token) is None
    make_link(store, clock, PASSWORD, alice, 60)
    assert len(store.settings.keys("password:")) == 1


def test_it_ends_with_its_user(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, PASSWORD, alice, 60)
    disable_user(store, clock, alice)
    assert use_link(store, clock, PASSWORD, token) is None


def test_those_of_one_purpose_are_forgotten_alone(store: Store, clock: HandClock, alice: User) -> None:
    password, sign_in = make_link(store, clock, PASSWORD, alice, 60), make_link(store, clock, SIGN_IN, alice, 60)
    forget_links(store, alice, PASSWORD)
    assert link_user(store, clock, PASSWORD, password) is None
    assert link_user(store, clock, SIGN_IN, sign_in) == alice


def test_the_token_is_stored_nowhere(store: Store, clock: HandClock, alice: User) -> None:
    token = make_link(store, clock, PASSWORD, alice, 60)
    assert not any(token in key for key in store.settings.keys(""))
