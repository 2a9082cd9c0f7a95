"""Where passkeys are possible, and what browsers are asked. Signing in is tried in a browser, with the web app."""

import json

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError, NotFoundError, NotPermittedError
from postlude.services.accounts.passkeys import MOST, Passkeys, challenge_in, remove_passkey
from postlude.store import Store
from postlude.store.accounts.rows import Passkey

CLOCK = SystemClock()


@pytest.mark.parametrize(
    ("web", "possible"),
    [
        ("https://app.example", True),
        ("http://localhost:8700", True),
        ("http://127.0.0.1:8700", False),
        ("https://[::1]:8700", False),
        ("http://app.example", False),
    ],
)
def test_browsers_want_https_and_a_name(store: Store, web: str, possible: bool) -> None:
    assert Passkeys(store, CLOCK, web).possible is possible


def test_a_browser_is_asked_to_look_who_it_is_and_not_to_make_one_twice(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", "Alice")
    store.accounts.add_passkey(Passkey("abc", user.id, b"\x01", "phone", 1))
    options = json.loads(Passkeys(store, CLOCK, "https://app.example:8443").registration(user, b"challenge"))
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert options["excludeCredentials"] == [{"type": "public-key", "id": "abc"}]
    assert options["rp"]["id"] == "app.example"


def test_signing_in_names_no_one(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org", "Alice")
    store.accounts.add_passkey(Passkey("abc", user.id, b"\x01", "phone", 1))
    options = json.loads(Passkeys(store, CLOCK, "https://app.example").request(b"challenge"))
    assert options["allowCredentials"] == []
    assert options["userVerification"] == "required"


def test_one_user_has_so_many_at_most(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org")
    for number in range(MOST):
        store.accounts.add_passkey(Passkey(f"k{number}", user.id, b"\x01", "phone", 1))
    with pytest.raises(InputError, match="Remove one first"):
        Passkeys(store, CLOCK, "https://app.example").register(user, "{}", b"challenge", "one more")


def test_what_is_none_is_refused(store: Store) -> None:
    user = store.accounts.create_user("alice@example.org")
    keys = Passkeys(store, CLOCK, "https://app.example")
    with pytest.raises(InputError, match="made no passkey"):
        keys.register(user, "{}", b"challenge", "")
    with pytest.raises(NotPermittedError):
        keys.user_of("[]", b"challenge")
    with pytest.raises(NotFoundError):
        remove_passkey(store, user, "abc")
    assert challenge_in("null") == b""
