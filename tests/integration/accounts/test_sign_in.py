"""Signing in with a password: how many guesses there are, and what their answers tell."""

from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor

import pytest

from postlude.services.accounts import passwords, sign_in
from postlude.services.accounts.passwords import set_password
from postlude.services.accounts.second_step import begin_second_step, offer_second_step, totp_code
from postlude.services.accounts.sessions import disable_user
from postlude.services.accounts.sign_in import PasswordSignIn, SignInOutcome, network_of
from postlude.store import Store, User
from support.hand_clock import HandClock

GOOD, BAD = "a horse, a battery", "another one altogether"
DONE, CODE, WRONG, THROTTLED = (SignInOutcome(name) for name in ("done", "code", "wrong", "throttled"))
KNOWN, UNKNOWN = "alice@example.org", "nowhere@example.org"


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alice(store: Store, clock: HandClock) -> User:
    user = store.accounts.create_user(KNOWN, "Alice")
    set_password(store, clock, user, GOOD)
    return store.accounts.user(user.id)


@pytest.fixture
def entrance(store: Store, clock: HandClock, alice: User) -> PasswordSignIn:
    del alice
    return PasswordSignIn(store, clock)


@pytest.fixture
def fast_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests that count hundreds of guesses: what is right is compared without argon2."""
    monkeypatch.setattr(sign_in, "password_matches", lambda typed, stored: bool(stored) and typed == GOOD)


@pytest.fixture
def secret(store: Store, clock: HandClock, alice: User) -> bytes:
    secret = b32decode(offer_second_step(store, alice))
    begin_second_step(store, clock, alice, totp_code(secret, clock.now()))
    clock.seconds += 60
    return secret


def test_the_right_password_signs_in(entrance: PasswordSignIn, alice: User) -> None:
    found = entrance.password(" Alice@Example.ORG ", GOOD, "192.0.2.1")
    assert found.outcome is DONE
    assert found.user == alice


@pytest.mark.parametrize("address", [KNOWN, UNKNOWN, "", "@", "x" * 5000, "a\0b@example.org", "\ud800@example.org"])
def test_all_others_get_one_answer(entrance: PasswordSignIn, address: str) -> None:
    assert entrance.password(address, BAD, "192.0.2.1") == (WRONG, None)


def test_who_has_no_password_gets_that_answer_too(entrance: PasswordSignIn, store: Store) -> None:
    store.accounts.create_user("bob@example.org")
    assert entrance.password("bob@example.org", "", "192.0.2.1") == (WRONG, None)


def test_who_was_disabled_gets_that_answer_too(
    entrance: PasswordSignIn, store: Store, clock: HandClock, alice: User
) -> None:
    disable_user(store, clock, alice)
    assert entrance.password(KNOWN, GOOD, "192.0.2.1") == (WRONG, None)


def test_an_unknown_address_costs_what_a_known_one_costs(
    entrance: PasswordSignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = list[str]()

    def count(typed: str, stored: str) -> bool:
        checked.append(typed)
        return passwords.password_matches(typed, stored)

    monkeypatch.setattr(sign_in, "password_matches", count)
    for address in (KNOWN, UNKNOWN):
        entrance.password(address, BAD, "192.0.2.1")
    assert len(checked) == 2


@pytest.mark.usefixtures("fast_hashes")
@pytest.mark.parametrize("address", [KNOWN, UNKNOWN])
def test_thirty_guesses_an_hour_against_one_account(entrance: PasswordSignIn, clock: HandClock, address: str) -> None:
    checked = 0
    for number in range(120):  # each from another network
        checked += entrance.password(address, BAD, f"10.{number}.0.1").outcome is WRONG
        clock.seconds += 29
    assert checked == 30
    clock.seconds += 3600
    assert entrance.password(address, BAD, "10.0.0.1").outcome is WRONG


@pytest.mark.usefixtures("fast_hashes")
def test_three_hundred_guesses_an_hour_from_one_network(entrance: PasswordSignIn) -> None:
    tries = [entrance.password(f"{n}@example.org", BAD, f"198.51.100.{n % 250}").outcome for n in range(400)]
    assert tries.count(WRONG) == 300
    assert entrance.password(KNOWN, GOOD, "198.51.100.251").outcome is THROTTLED
    assert entrance.password(KNOWN, GOOD, "198.51.101.1").outcome is DONE


@pytest.mark.usefixtures("fast_hashes")
def test_guesses_at_the_same_time_share_one_count(entrance: PasswordSignIn) -> None:
    with ThreadPoolExecutor(4) as pool:
        tries = list(pool.map(lambda n: entrance.password(KNOWN, BAD, f"10.{n}.0.1").outcome, range(60)))
    assert tries.count(WRONG) == 30


@pytest.mark.usefixtures("fast_hashes")
def test_strangers_addresses_do_not_make_it_forget_an_account(
    entrance: PasswordSignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(30):
        entrance.password(KNOWN, BAD, f"10.{number}.0.1")
    monkeypatch.setattr(sign_in, "GUESSES_OF_NETWORK", 10**9)
    for number in range(11_000):
        entrance._strangers.take(f"{number}@example.org", 1_800_000_000_000_000)
    assert entrance.password(KNOWN, GOOD, "192.0.2.1").outcome is THROTTLED


@pytest.mark.usefixtures("fast_hashes")
def test_right_passwords_do_not_count(entrance: PasswordSignIn) -> None:
    assert {entrance.password(KNOWN, GOOD, "192.0.2.1").outcome for _ in range(310)} == {DONE}


@pytest.mark.usefixtures("fast_hashes")
def test_who_sets_a_new_password_begins_anew(entrance: PasswordSignIn, alice: User) -> None:
    for number in range(30):
        entrance.password(KNOWN, BAD, f"10.{number}.0.1")
    entrance.forget(alice)
    assert entrance.password(KNOWN, GOOD, "192.0.2.1").outcome is DONE


def test_a_second_step_is_asked_for_after_the_right_password_only(entrance: PasswordSignIn, secret: bytes) -> None:
    del secret
    assert entrance.password(KNOWN, GOOD, "192.0.2.1").outcome is CODE
    assert entrance.password(KNOWN, BAD, "192.0.2.1").outcome is WRONG


def test_ten_wrong_codes_an_hour(entrance: PasswordSignIn, clock: HandClock, alice: User, secret: bytes) -> None:
    tries = [entrance.code(alice, "aaaa-aaaa-aaaa-aaaa", f"10.{n}.0.1") for n in range(20)]
    assert tries.count(WRONG) == 10
    assert entrance.code(alice, totp_code(secret, clock.now()), "192.0.2.1") is THROTTLED
    clock.seconds += 3600
    assert entrance.code(alice, totp_code(secret, clock.now()), "192.0.2.1") is DONE


def test_a_password_hashed_with_older_parameters_is_hashed_anew(
    entrance: PasswordSignIn, store: Store, alice: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = store.accounts.credentials(alice.id).password
    monkeypatch.setattr(sign_in, "is_outdated", lambda _stored: True)
    entrance.password(KNOWN, GOOD, "192.0.2.1")
    assert store.accounts.credentials(alice.id).password != before
    assert entrance.password(KNOWN, GOOD, "192.0.2.1").outcome is DONE


def test_a_user_confirms_with_the_password(entrance: PasswordSignIn, alice: User) -> None:
    assert entrance.confirm(alice, GOOD, "192.0.2.1") is DONE
    assert entrance.confirm(alice, BAD, "192.0.2.1") is WRONG


@pytest.mark.parametrize(
    ("peer", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/48"),
        ("", ""),
        ("testclient", "testclient"),
    ],
)
def test_the_network_of_an_address(peer: str, network: str) -> None:
    assert network_of(peer) == network


@pytest.mark.usefixtures("fast_hashes")
@pytest.mark.parametrize("address", [KNOWN, UNKNOWN])
def test_a_restart_forgets_no_guess(entrance: PasswordSignIn, store: Store, clock: HandClock, address: str) -> None:
    for _ in range(30):
        assert entrance.password(address, BAD, "192.0.2.1").outcome is WRONG
    again = PasswordSignIn(store, clock)
    assert again.password(address, BAD, "198.51.100.1").outcome is THROTTLED
    clock.seconds += 3600
    assert PasswordSignIn(store, clock).password(address, BAD, "198.51.100.1").outcome is WRONG


@pytest.mark.usefixtures("fast_hashes")
def test_a_restart_forgets_no_network(entrance: PasswordSignIn, store: Store, clock: HandClock) -> None:
    for number in range(300):
        assert entrance.password(f"a{number}@example.org", BAD, "192.0.2.1").outcome is WRONG
    again = PasswordSignIn(store, clock)
    assert again.password(KNOWN, BAD, "192.0.2.9").outcome is THROTTLED
    assert again.password(KNOWN, BAD, "198.51.100.9").outcome is WRONG


def test_a_restart_forgets_no_code(
    entrance: PasswordSignIn, store: Store, clock: HandClock, alice: User, secret: bytes
) -> None:
    for _ in range(10):
        assert entrance.code(alice, "wrong", "192.0.2.1") is WRONG
    code = totp_code(secret, clock.now())
    assert PasswordSignIn(store, clock).code(alice, code, "198.51.100.1") is THROTTLED


def test_a_new_password_begins_anew_after_a_restart_too(entrance: PasswordSignIn, store: Store, alice: User) -> None:
    entrance.password(KNOWN, BAD, "192.0.2.1")
    entrance.forget(alice)
    assert [one.limit for one in store.accounts.list_guesses(0)] == ["network"]


def test_what_was_typed_is_not_stored(store: Store, clock: HandClock, alice: User) -> None:
    PasswordSignIn(store, clock, b"s" * 32).password("my secret password", BAD, "192.0.2.1")
    one, other = (PasswordSignIn(store, clock, key) for key in (b"a" * 32, b"b" * 32))
    one.password("another", BAD, "192.0.2.1")
    other.password("another", BAD, "192.0.2.1")
    keys = [one.key for one in store.accounts.list_guesses(0) if one.limit == "stranger"]
    assert len(set(keys)) == 3, alice
    assert "secret" not in "".join(keys)
