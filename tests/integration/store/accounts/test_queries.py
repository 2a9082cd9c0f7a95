import pytest

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import InputError, NotFoundError
from postlude.services.accounts.preferences import Preferences, get_preferences, put_preferences
from postlude.services.accounts.users import (
    check_app_password,
    create_first_user,
    new_app_password,
    sign_in_link,
    use_sign_in,
)
from postlude.store import Store


class Clock:
    def __init__(self) -> None:
        self.seconds = 1_000_000

    def now(self) -> int:
        return self.seconds * MICROS_PER_SECOND


def test_the_first_user_is_made_once(store: Store) -> None:
    clock = Clock()
    assert store.first_user() is None
    made = create_first_user(store, clock, "Alice@Example.org", "Alice")
    assert create_first_user(store, clock, "bob@example.org") == made
    assert store.user(made.id) == made
    assert store.user_by_address("ALICE@example.ORG") == made
    assert [user.address for user in store.list_users()] == ["alice@example.org"]


def test_two_users_cannot_share_an_address(store: Store) -> None:
    store.create_user("alice@example.org")
    with pytest.raises(InputError, match="already"):
        store.create_user("ALICE@example.org")
    with pytest.raises(NotFoundError):
        store.user(1)


def test_an_app_password_opens_its_own_login_only(store: Store) -> None:
    clock = Clock()
    alice, bob = store.create_user("alice@example.org"), store.create_user("bob@example.org")
    password = new_app_password(store, alice, "Thunderbird", clock)
    assert check_app_password(store, "Alice@example.org", password, clock) == alice
    assert check_app_password(store, "alice@example.org", password.upper().replace("-", " "), clock) == alice
    assert check_app_password(store, "bob@example.org", password, clock) is None
    assert check_app_password(store, "alice@example.org", password[:-1], clock) is None
    [kept] = store.list_app_passwords(alice.id)
    assert (kept.label, kept.last_used_at) == ("Thunderbird", clock.now())
    assert store.list_app_passwords(bob.id) == []
    assert store.delete_app_password(kept.id)
    assert not store.delete_app_password(kept.id)
    assert check_app_password(store, "alice@example.org", password, clock) is None


def test_senders_are_kept_as_a_list(store: Store) -> None:
    user = store.create_user("alice@example.org", "Alice", ("*@example.org",))
    store.set_senders(user.id, ("sales@example.org", "*@example.net"))
    assert store.user(user.id).senders == ("sales@example.org", "*@example.net")


def test_a_sign_in_link_works_once_and_not_for_ever(store: Store) -> None:
    clock = Clock()
    user = store.create_user("alice@example.org")
    token = sign_in_link(store, clock, user)
    assert use_sign_in(store, token + "x", clock) is None
    assert use_sign_in(store, token, clock) == user
    assert use_sign_in(store, token, clock) is None
    late = sign_in_link(store, clock, user, seconds=60)
    clock.seconds += 61
    assert use_sign_in(store, late, clock) is None
    sign_in_link(store, clock, user)
    assert len(store.setting_keys("sign-in:")) == 1


def test_preferences_have_defaults_and_stay(store: Store) -> None:
    assert get_preferences(store, 5) == Preferences()
    put_preferences(store, 5, Preferences(clicks=False, exclude=(" bank.example ", "", "bank.example")))
    assert get_preferences(store, 5) == Preferences(clicks=False, exclude=("bank.example",))
    assert get_preferences(store, 6) == Preferences()


def test_settings_hold_any_json(store: Store) -> None:
    assert store.get_setting("theme", "light") == "light"
    for value in ({"a": [1, None, "ü"]}, False, 3):
        store.put_setting("theme", value)
        assert store.get_setting("theme", "light") == value


def test_suppressions_keep_the_first_reason(store: Store) -> None:
    store.suppress("Bob@Example.org", "complained", "arf", 12, 99)
    store.suppress("bob@example.org", "unsubscribed")
    assert store.is_suppressed(["BOB@example.org", "alice@example.org"]) == {"BOB@example.org"}
    found = store.suppression("bob@example.org")
    assert found is not None
    assert (found.reason, found.copy, found.at) == ("complained", 12, 99)
    assert [one.address for one in store.list_suppressions()] == ["bob@example.org"]
    assert store.unsuppress("bob@example.org")
    assert not store.unsuppress("bob@example.org")
    assert store.is_suppressed([]) == set()
