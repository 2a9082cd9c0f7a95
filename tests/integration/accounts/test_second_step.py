"""Codes of authenticator programs and recovery codes: each works once."""

from base64 import b32decode
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import parse_qs, urlsplit

import pytest

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import InputError
from postlude.services.accounts.second_step import (
    begin_second_step,
    end_second_step,
    offer_second_step,
    passes_second_step,
    renew_recovery_codes,
    secret_url,
    totp_code,
)
from postlude.store import Store, User
from support.hand_clock import HandClock

VECTORS = {59: "287082", 1111111109: "081804", 1111111111: "050471", 1234567890: "005924", 2000000000: "279037"}
"""RFC 6238, appendix B, for SHA-1; the last six of eight digits."""


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def alice(store: Store) -> User:
    user = store.accounts.create_user("alice@example.org", "Alice")
    store.accounts.put_password(user.id, "a hash", 1)
    return user


@pytest.fixture
def secret(store: Store, clock: HandClock, alice: User) -> bytes:
    """Of a second step that is on since a minute."""
    secret = b32decode(offer_second_step(store, alice))
    begin_second_step(store, clock, alice, totp_code(secret, clock.now()))
    clock.seconds += 60
    return secret


@pytest.mark.parametrize("seconds", list(VECTORS))
def test_the_codes_are_those_of_the_rfc(seconds: int) -> None:
    assert totp_code(b"12345678901234567890", seconds * MICROS_PER_SECOND) == VECTORS[seconds]


def test_programs_read_its_url(store: Store, alice: User) -> None:
    secret = offer_second_step(store, alice)
    url = urlsplit(secret_url(alice, secret))
    assert url.path == "/Postlude%3Aalice%40example.org"
    assert parse_qs(url.query)["secret"] == [secret]


def test_it_begins_only_with_a_code_of_the_offered_secret(store: Store, clock: HandClock, alice: User) -> None:
    offer_second_step(store, alice)
    with pytest.raises(InputError, match="clock"):
        begin_second_step(store, clock, alice, "000000")
    assert store.accounts.credentials(alice.id).totp is None


def test_it_needs_a_password_first(store: Store) -> None:
    with pytest.raises(InputError, match="password first"):
        offer_second_step(store, store.accounts.create_user("bob@example.org"))


@pytest.mark.parametrize("late", [-30, 0, 30])
def test_a_clock_may_differ_by_a_step(store: Store, clock: HandClock, alice: User, secret: bytes, late: int) -> None:
    code = totp_code(secret, clock.now() + late * MICROS_PER_SECOND)
    assert passes_second_step(store, clock, alice, f" {code[:3]} {code[3:]} ")


@pytest.mark.parametrize("late", [-60, 60])
def test_a_code_of_two_steps_away_is_wrong(
    store: Store, clock: HandClock, alice: User, secret: bytes, late: int
) -> None:
    assert not passes_second_step(store, clock, alice, totp_code(secret, clock.now() + late * MICROS_PER_SECOND))


@pytest.mark.parametrize("code", ["", "12345", "1234567", "١٢٣٤٥٦", "a" * 5000, "\ud800"])
def test_what_is_not_a_code_is_wrong(store: Store, clock: HandClock, alice: User, secret: bytes, code: str) -> None:
    del secret
    assert not passes_second_step(store, clock, alice, code)


def test_a_code_works_once(store: Store, clock: HandClock, alice: User, secret: bytes) -> None:
    code = totp_code(secret, clock.now())
    assert passes_second_step(store, clock, alice, code)
    assert not passes_second_step(store, clock, alice, code)


def test_an_older_code_does_not_work_after_a_newer_one(
    store: Store, clock: HandClock, alice: User, secret: bytes
) -> None:
    assert passes_second_step(store, clock, alice, totp_code(secret, clock.now()))
    assert not passes_second_step(store, clock, alice, totp_code(secret, clock.now() - 30 * MICROS_PER_SECOND))


def test_of_many_at_once_one_code_lets_one_in(store: Store, clock: HandClock, alice: User, secret: bytes) -> None:
    code = totp_code(secret, clock.now())
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: passes_second_step(store, clock, alice, code), range(8))) == 1


def test_each_recovery_code_works_once(store: Store, clock: HandClock, alice: User, secret: bytes) -> None:
    del secret
    codes = renew_recovery_codes(store, alice)
    assert len(set(codes)) == 10
    assert passes_second_step(store, clock, alice, codes[3].upper().replace("-", " "))
    assert not passes_second_step(store, clock, alice, codes[3])
    assert len(store.accounts.credentials(alice.id).recovery) == 9


def test_of_many_at_once_one_recovery_code_lets_one_in(
    store: Store, clock: HandClock, alice: User, secret: bytes
) -> None:
    del secret
    code = renew_recovery_codes(store, alice)[0]
    with ThreadPoolExecutor(4) as pool:
        assert sum(pool.map(lambda _: passes_second_step(store, clock, alice, code), range(8))) == 1


def test_new_recovery_codes_end_the_old_ones(store: Store, clock: HandClock, alice: User, secret: bytes) -> None:
    del secret
    old = renew_recovery_codes(store, alice)[0]
    renew_recovery_codes(store, alice)
    assert not passes_second_step(store, clock, alice, old)


def test_nothing_passes_after_it_ended(store: Store, clock: HandClock, alice: User, secret: bytes) -> None:
    codes = renew_recovery_codes(store, alice)
    end_second_step(store, alice)
    assert not passes_second_step(store, clock, alice, codes[0])
    assert not passes_second_step(store, clock, alice, totp_code(secret, clock.now()))


def test_recovery_codes_are_stored_as_hashes(store: Store, alice: User, secret: bytes) -> None:
    del secret
    codes = renew_recovery_codes(store, alice)
    assert not set(codes) & set(store.accounts.credentials(alice.id).recovery)
