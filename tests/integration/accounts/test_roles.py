"""Who manages whom; the last owner stays; a viewer sends nothing."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from postlude.model.errors import InputError, NotPermittedError
from postlude.model.role import Role
from postlude.services.accounts.login_copy import copy_of_logins
from postlude.services.accounts.one_time_links import LinkPurpose, link_user, make_link
from postlude.services.accounts.roles import (
    add_person,
    check_managed,
    give_role,
    read_role,
    remove_person,
    return_person,
)
from postlude.services.accounts.sessions import session_user
from postlude.services.accounts.users import check_app_password, create_first_user, new_app_password
from postlude.store import Store, User
from support.hand_clock import HandClock

CLOCK = HandClock()


@pytest.fixture
def owner(store: Store) -> User:
    return create_first_user(store, CLOCK, "owner@example.org", "Owner")


def _user(store: Store, role: Role, number: int = 0) -> User:
    return store.accounts.create_user(f"{role}{number}@example.org", role.value, (), CLOCK.now(), role)


def test_the_first_user_owns_the_instance(owner: User) -> None:
    assert owner.role is Role.OWNER


@pytest.mark.parametrize("actor", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
@pytest.mark.parametrize("target", [Role.OWNER, Role.ADMIN])
@pytest.mark.usefixtures("owner")
def test_only_owners_touch_owners_and_admins(store: Store, actor: Role, target: Role) -> None:
    who, user = _user(store, actor, 1), _user(store, target, 2)
    for act in (
        lambda: give_role(store, who, user, Role.MEMBER),
        lambda: give_role(store, who, _user(store, Role.VIEWER, 3), target),
        lambda: remove_person(store, CLOCK, who, user),
        lambda: return_person(store, who, user),
        lambda: add_person(store, CLOCK, who, "new@example.org", "", target),
        lambda: check_managed(who, user),
    ):
        with pytest.raises(NotPermittedError):
            act()
    assert store.accounts.user(user.id) == user


@pytest.mark.parametrize("role", [Role.MEMBER, Role.VIEWER])
@pytest.mark.usefixtures("owner")
def test_admins_manage_the_others(store: Store, role: Role) -> None:
    admin = _user(store, Role.ADMIN)
    user = add_person(store, CLOCK, admin, "new@example.org", "New", role)
    assert user.role is role
    remove_person(store, CLOCK, admin, user)
    return_person(store, admin, user)
    give_role(store, admin, user, Role.VIEWER)
    assert store.accounts.user(user.id).role is Role.VIEWER


def test_owners_remove_admins(store: Store, owner: User) -> None:
    admin = _user(store, Role.ADMIN)
    remove_person(store, CLOCK, owner, admin)
    assert session_user(store, admin.id, "s", CLOCK.now()) is None


@pytest.mark.parametrize("role", [Role.ADMIN, Role.MEMBER, Role.VIEWER])
def test_the_last_owner_cannot_be_removed(store: Store, owner: User, role: Role) -> None:
    with pytest.raises(InputError, match="last owner"):
        give_role(store, owner, owner, role)
    with pytest.raises(InputError, match="last owner"):
        remove_person(store, CLOCK, owner, owner)
    assert store.accounts.user(owner.id).disabled_at is None


def test_a_disabled_owner_does_not_count(store: Store, owner: User) -> None:
    second = _user(store, Role.OWNER)
    remove_person(store, CLOCK, owner, second)
    with pytest.raises(InputError, match="last owner"):
        remove_person(store, CLOCK, owner, owner)


def test_two_owners_cannot_remove_each_other_at_once(store: Store, owner: User) -> None:
    second = _user(store, Role.OWNER)

    def leave(user: User) -> bool:
        try:
            give_role(store, user, user, Role.MEMBER)
        except InputError:
            return False
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(leave, (owner, second))) == 1


def test_an_owner_leaves_when_there_is_another(store: Store, owner: User) -> None:
    _user(store, Role.OWNER)
    give_role(store, owner, owner, Role.MEMBER)
    assert store.accounts.user(owner.id).role is Role.MEMBER


def test_a_viewers_app_password_sends_nothing(store: Store, owner: User) -> None:
    user = _user(store, Role.MEMBER)
    password = new_app_password(store, user, "Thunderbird", CLOCK)
    assert check_app_password(store, user.address, password) is not None
    give_role(store, owner, user, Role.VIEWER)
    assert check_app_password(store, user.address, password) is None
    assert user.id not in {one.id for one in copy_of_logins(store).users}


def test_what_is_not_a_role_is_refused() -> None:
    assert read_role("admin") is Role.ADMIN
    with pytest.raises(InputError, match="owner, admin, member, viewer"):
        read_role("root")


@pytest.mark.parametrize(
    ("before", "after", "ends"),
    [
        (Role.MEMBER, Role.OWNER, True),
        (Role.MEMBER, Role.ADMIN, True),
        (Role.VIEWER, Role.ADMIN, True),
        (Role.VIEWER, Role.MEMBER, False),
        (Role.ADMIN, Role.MEMBER, False),
        (Role.ADMIN, Role.OWNER, False),
    ],
)
def test_who_made_a_link_for_a_password_takes_no_account_they_do_not_manage(
    store: Store, owner: User, before: Role, after: Role, ends: bool
) -> None:
    """An admin is shown the link that invites a member, and the member becomes an owner before it is used."""
    user = _user(store, before)
    token = make_link(store, CLOCK, LinkPurpose.PASSWORD, user, 1_000)
    give_role(store, owner, user, after)
    assert (link_user(store, CLOCK, LinkPurpose.PASSWORD, token) is None) is ends


def test_a_role_that_was_changed_meanwhile_is_not_taken_away(store: Store, owner: User) -> None:
    """An admin looked at a member, who was made an owner before the form came."""
    admin, seen = _user(store, Role.ADMIN), _user(store, Role.MEMBER)
    give_role(store, owner, seen, Role.OWNER)
    with pytest.raises(InputError):
        give_role(store, admin, seen, Role.VIEWER)
    assert store.accounts.user(seen.id).role is Role.OWNER
