"""What a user may do: one role each, and the permissions that come with it."""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """The role of a user."""

    OWNER = "owner"
    ADMIN = "admin"
    MEMBER = "member"
    VIEWER = "viewer"


class Permission(StrEnum):
    """What a route asks for."""

    OPEN = "open"
    """Nothing: who is not signed in may."""
    ACCOUNT = "account"
    """To be signed in: it concerns the user alone."""
    READ = "read"
    """To see reports, contacts, campaigns."""
    WRITE = "write"
    """To send, and to change contacts, lists and campaigns."""
    MANAGE = "manage"
    """To manage users and what holds for all of them."""


_READS: Final = frozenset({Permission.OPEN, Permission.ACCOUNT, Permission.READ})
_WRITES: Final = _READS | {Permission.WRITE}
_PERMITTED: Final = {
    Role.OWNER: _WRITES | {Permission.MANAGE},
    Role.ADMIN: _WRITES | {Permission.MANAGE},
    Role.MEMBER: _WRITES,
    Role.VIEWER: _READS,
}
_MANAGED: Final = {
    Role.OWNER: frozenset(Role),
    Role.ADMIN: frozenset({Role.MEMBER, Role.VIEWER}),
}


def permitted(role: Role, permission: Permission) -> bool:
    """Whether users of this role have the permission."""
    return permission in _PERMITTED[role]


def managed_roles(role: Role) -> frozenset[Role]:
    """The roles that users of this role give and take away, and whose users they invite and disable."""
    return _MANAGED.get(role, frozenset())
