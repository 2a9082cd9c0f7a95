"""Users as plain data."""

import pytest

from postlude.model.role import Role
from postlude.store.accounts.rows import User


@pytest.mark.parametrize("role", list(Role))
def test_all_but_viewers_send(role: Role) -> None:
    assert User(1, "alice@example.org", role=role).may_send is (role is not Role.VIEWER)


def test_who_is_disabled_does_not_send() -> None:
    assert not User(1, "alice@example.org", role=Role.OWNER, disabled_at=1).may_send
