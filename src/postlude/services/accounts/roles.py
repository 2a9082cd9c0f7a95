"""Who manages whom: roles given, users invited and disabled. The last owner stays."""

from collections.abc import Iterable

from postlude.kit.clock import Clock
from postlude.model.errors import InputError, NotPermittedError
from postlude.model.role import Role, managed_roles
from postlude.services.accounts.one_time_links import LinkPurpose, forget_links
from postlude.services.accounts.sessions import disable_user, enable_user
from postlude.services.accounts.users import add_user
from postlude.store import Store, User


def add_person(store: Store, clock: Clock, actor: User, address: str, name: str, role: Role) -> User:  # noqa: PLR0917 - plain data
    """Add a user with this role; NotPermittedError when `actor` does not manage it, InputError."""
    _check(actor, (role,))
    return add_user(store, clock, address, name, role=role)


def set_role(store: Store, user: User, role: Role) -> None:
    """Give `user` another role, as the operator of the server, who may all. InputError for the last owner.

    Links for a password end where who made them would not manage the user any more: an admin could keep one of a
    member, and with it the account of an owner.
    """
    store.accounts.set_role(user.id, role, was=user.role)
    if any(user.role in managed_roles(one) and role not in managed_roles(one) for one in Role):
        forget_links(store, user, LinkPurpose.PASSWORD)


def give_role(store: Store, actor: User, user: User, role: Role) -> None:
    """Give `user` another role. NotPermittedError, InputError for the last owner."""
    _check(actor, (user.role, role))
    set_role(store, user, role)


def remove_person(store: Store, clock: Clock, actor: User, user: User) -> None:
    """Disable `user`: nothing of theirs signs in or sends. NotPermittedError, InputError for the last owner."""
    _check(actor, (user.role,))
    disable_user(store, clock, user)


def return_person(store: Store, actor: User, user: User) -> None:
    """Undo `remove_person`."""
    _check(actor, (user.role,))
    enable_user(store, user)


def check_managed(actor: User, user: User) -> None:
    """NotPermittedError unless `actor` manages users like `user`."""
    _check(actor, (user.role,))


def _check(actor: User, roles: Iterable[Role]) -> None:
    beyond = set(roles) - managed_roles(actor.role)
    if beyond:
        named = " or ".join(sorted(beyond))
        raise NotPermittedError(f"A user with the role {actor.role} does not manage a user with the role {named}.")


def read_role(text: str) -> Role:
    """A role by its name; InputError."""
    try:
        return Role(text)
    except ValueError:
        raise InputError(f"{text!r} is not a role; one of {', '.join(Role)}") from None
