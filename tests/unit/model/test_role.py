"""Roles and what they permit."""

import pytest

from postlude.model.role import Permission, Role, managed_roles, permitted

AT_LEAST = {
    Permission.OPEN: Role.VIEWER,
    Permission.ACCOUNT: Role.VIEWER,
    Permission.READ: Role.VIEWER,
    Permission.WRITE: Role.MEMBER,
    Permission.MANAGE: Role.ADMIN,
}
RANKS = [Role.VIEWER, Role.MEMBER, Role.ADMIN, Role.OWNER]


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", list(Role))
def test_what_each_role_may(role: Role, permission: Permission) -> None:
    assert permitted(role, permission) is (RANKS.index(role) >= RANKS.index(AT_LEAST[permission]))


def test_each_role_manages_only_lower_ones_but_owners_all() -> None:
    assert managed_roles(Role.OWNER) == frozenset(Role)
    assert managed_roles(Role.ADMIN) == {Role.MEMBER, Role.VIEWER}
    assert managed_roles(Role.MEMBER) == managed_roles(Role.VIEWER) == frozenset()
