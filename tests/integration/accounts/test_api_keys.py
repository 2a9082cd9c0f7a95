"""Keys of programs, without the API."""

import pytest

from postlude.kit.clock import MICROS_PER_SECOND, SystemClock
from postlude.kit.ids import id_text
from postlude.model.api_scope import PERMISSION_OF, ApiScope
from postlude.model.errors import InputError, NotFoundError
from postlude.model.role import Permission, Role, permitted
from postlude.services.accounts.api_keys import (
    api_key_called,
    check_api_key,
    end_api_key,
    new_api_key,
    replace_api_key,
)
from postlude.store import Store, User

CLOCK = SystemClock()


@pytest.fixture
def alice(store: Store) -> User:
    return store.accounts.create_user("alice@example.org", "Alice", (), 1)


def test_no_key_does_more_than_the_role_of_its_user(store: Store) -> None:
    create = store.accounts.create_user
    for role in Role:
        user = create(f"{role}@example.org", "", (), 5, role)
        caller = check_api_key(store, CLOCK, new_api_key(store, CLOCK, user, "all", ApiScope).secret)
        assert caller is not None
        for scope in ApiScope:
            assert caller.may(scope) is permitted(role, PERMISSION_OF[scope])
    assert PERMISSION_OF[ApiScope.SEND] is Permission.WRITE


def test_a_key_that_was_ended_or_whose_user_is_disabled_is_refused(store: Store, alice: User) -> None:
    first, second = (new_api_key(store, CLOCK, alice, name, ApiScope) for name in "ab")
    end_api_key(store, CLOCK, first.key)
    assert check_api_key(store, CLOCK, first.secret) is None
    assert check_api_key(store, CLOCK, second.secret) is not None
    store.accounts.create_user("boss@example.org", "", (), 1, Role.OWNER)
    store.accounts.set_disabled(alice.id, CLOCK.now())
    assert check_api_key(store, CLOCK, second.secret) is None


def test_a_replaced_key_goes_on_for_its_overlap(store: Store, alice: User) -> None:
    old = new_api_key(store, CLOCK, alice, "shop", [ApiScope.SEND])
    new = replace_api_key(store, CLOCK, old.key, 3600)
    kept = {key.id: key for key in store.api_keys.of_user(alice.id)}
    assert kept[new.key.id].scopes == (ApiScope.SEND,)
    ends = kept[old.key.id].ends_at
    assert ends is not None
    assert 3590 < (ends - CLOCK.now()) / MICROS_PER_SECOND <= 3600
    assert check_api_key(store, CLOCK, old.secret) is not None


def test_a_key_is_found_by_its_label_or_id(store: Store, alice: User) -> None:
    key = new_api_key(store, CLOCK, alice, "shop", [ApiScope.SEND]).key
    assert api_key_called(store, alice, "shop").id == key.id
    assert api_key_called(store, alice, id_text(key.id)).id == key.id


def test_a_label_of_two_keys_names_none(store: Store, alice: User) -> None:
    for _ in range(2):
        new_api_key(store, CLOCK, alice, "shop", [ApiScope.SEND])
    with pytest.raises(InputError, match="several"):
        api_key_called(store, alice, "shop")


def test_a_key_of_another_user_is_not_found(store: Store, alice: User) -> None:
    new_api_key(store, CLOCK, alice, "shop", [ApiScope.SEND])
    other = store.accounts.create_user("charlie@example.org", "", (), 1)
    with pytest.raises(NotFoundError, match="api-key list"):
        api_key_called(store, other, "shop")


@pytest.mark.parametrize(
    ("label", "scopes", "senders"),
    [("", [ApiScope.SEND], ()), ("shop", [], ()), ("shop", [ApiScope.SEND], ("*@*",))],
)
def test_a_key_needs_a_label_scopes_and_senders_that_are_some(
    store: Store, alice: User, label: str, scopes: list[ApiScope], senders: tuple[str, ...]
) -> None:
    with pytest.raises(InputError):
        new_api_key(store, CLOCK, alice, label, scopes, senders)


def test_the_secret_is_not_stored(store: Store, alice: User) -> None:
    made = new_api_key(store, CLOCK, alice, "shop", [ApiScope.SEND])
    assert made.secret not in repr(store.api_keys.of_user(alice.id))
