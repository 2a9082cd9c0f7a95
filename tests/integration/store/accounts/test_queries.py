import pytest

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import InputError, NotFoundError
from postlude.services.accounts.preferences import UserPreferences, get_preferences, put_preferences
from postlude.services.accounts.users import (
    check_app_password,
    create_first_user,
    new_app_password,
    note_app_password_use,
    password_hash,
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
    assert store.accounts.first_user() is None
    made = create_first_user(store, clock, "Alice@Example.org", "Alice")
    assert create_first_user(store, clock, "bob@example.org") == made
    assert store.accounts.user(made.id) == made
    assert store.accounts.user_by_address("ALICE@example.ORG") == made
    assert [user.address for user in store.accounts.list_users()] == ["alice@example.org"]


def test_two_users_cannot_share_an_address(store: Store) -> None:
    store.accounts.create_user("alice@example.org")
    with pytest.raises(InputError, match="already"):
        store.accounts.create_user("ALICE@example.org")
    with pytest.raises(NotFoundError):
        store.accounts.user(1)


def test_an_app_password_opens_its_own_login_only(store: Store) -> None:
    clock = Clock()
    alice, bob = store.accounts.create_user("alice@example.org"), store.accounts.create_user("bob@example.org")
    password = new_app_password(store, alice, "Thunderbird", clock)
    assert check_app_password(store, "Alice@example.org", password) == (alice, "")
    assert check_app_password(store, "alice@example.org", password.upper().replace("-", " ")) == (alice, "")
    assert check_app_password(store, "bob@example.org", password) is None
    assert check_app_password(store, "alice@example.org", password[:-1]) is None
    note_app_password_use(store, clock, password_hash(password))
    [kept] = store.accounts.list_app_passwords(alice.id)
    assert kept.label == "Thunderbird"
    assert kept.last_used_at == clock.now()
    assert store.accounts.list_app_passwords(bob.id) == []
    assert store.accounts.delete_app_password(kept.id)
    assert not store.accounts.delete_app_password(kept.id)
    assert check_app_password(store, "alice@example.org", password) is None


def test_senders_are_kept_as_a_list(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", "Alice", ("*@example.org",))
    store.accounts.set_senders(user.id, ("sales@example.org", "*@example.net"))
    assert store.accounts.user(user.id).senders == ("sales@example.org", "*@example.net")


def test_a_sign_in_link_works_once_and_not_for_ever(store: Store) -> None:
    clock = Clock()
    user = store.accounts.create_user("alice@example.org")
    token = sign_in_link(store, clock, user)
    assert use_sign_in(store, token + "x", clock) is None
    assert use_sign_in(store, token, clock) == user
    assert use_sign_in(store, token, clock) is None
    late = sign_in_link(store, clock, user, seconds=60)
    clock.seconds += 61
    assert use_sign_in(store, late, clock) is None
    sign_in_link(store, clock, user)
    assert len(store.settings.keys("sign-in:")) == 1


def test_preferences_have_defaults_and_stay(store: Store) -> None:
    assert get_preferences(store, 5) == UserPreferences()
    put_preferences(store, 5, UserPreferences(clicks=False, exclude=(" bank.example ", "", "bank.example")))
    assert get_preferences(store, 5) == UserPreferences(clicks=False, exclude=("bank.example",))
    assert get_preferences(store, 6) == UserPreferences()


def test_settings_hold_any_json(store: Store) -> None:
    assert store.settings.get("theme", "light") == "light"
    for value in ({"a": [1, None, "ü"]}, False, 3):
        store.settings.put("theme", value)
        assert store.settings.get("theme", "light") == value


def test_suppressions_keep_the_first_reason(store: Store) -> None:
    store.suppressions.add("Bob@Example.org", "complained", "arf", 12, 99)
    store.suppressions.add("bob@example.org", "unsubscribed")
    assert store.suppressions.contains(["BOB@example.org", "alice@example.org"]) == {"BOB@example.org"}
    found = store.suppressions.get("bob@example.org")
    assert found is not None
    assert found.reason == "complained"
    assert found.copy == 12
    assert found.at == 99
    assert [one.address for one in store.suppressions.latest()] == ["bob@example.org"]
    assert store.suppressions.remove("bob@example.org")
    left = store.suppressions.get("bob@example.org")
    assert left is not None
    assert left.reason == "unsubscribed"  # that wish was kept beside the complaint
    assert store.suppressions.remove("bob@example.org")
    assert not store.suppressions.remove("bob@example.org")
    assert store.suppressions.contains([]) == set()
