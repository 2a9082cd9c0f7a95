import pytest

from postlude.relay.throttle import Throttle
from postlude.services.accounts.sender_rights import may_send_as


class Clock:
    def __init__(self) -> None:
        self.time = 10**15

    def now(self) -> int:
        return self.time


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("anna@example.org", True),
        ("ANNA@Example.ORG", True),
        ("x@team.example.org", True),
        ("bob@example.org", False),
        ("x@team.example.org.evil.test", False),
        ("", False),
    ],
)
def test_who_may_write_as_whom(address: str, allowed: bool) -> None:
    assert may_send_as(address, ("anna@example.org", "*@team.example.org")) is allowed


@pytest.mark.parametrize(("failures", "seconds"), [(4, 0), (5, 30), (6, 60)])
def test_wrong_passwords_get_slower(failures: int, seconds: int) -> None:
    throttle = Throttle(Clock())
    for _ in range(failures):
        throttle.failed("a", "anna")
    assert throttle.wait_s("a", "anna") == seconds


@pytest.fixture
def guessed() -> Throttle:
    """Five wrong passwords came from address a."""
    throttle = Throttle(Clock())
    for _ in range(5):
        throttle.failed("a", "anna")
    return throttle


def test_a_login_may_be_tried_again_after_its_wait() -> None:
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(5):
        throttle.failed("a", "anna")
    clock.time += 30_000_000
    assert throttle.wait_s("a", "anna") == 0


def test_another_address_need_not_wait(guessed: Throttle) -> None:
    assert guessed.wait_s("b", "anna") == 0


def test_a_right_password_clears_the_wrong_ones(guessed: Throttle) -> None:
    guessed.passed("a", "anna")
    assert guessed.wait_s("a", "anna") == 0


def test_wrong_passwords_of_one_login_do_not_lock_out_the_others_of_its_address() -> None:
    throttle = Throttle(Clock())
    for _ in range(100):
        throttle.failed("a", "anna")
    assert throttle.wait_s("a", "bert") == 0


def test_a_login_is_the_same_in_any_case_of_its_letters() -> None:
    throttle = Throttle(Clock())
    for login in ("anna", "Anna", "ANNA", "aNNA", "annA"):
        throttle.failed("a", login)
    assert throttle.wait_s("a", "anna") == 30


def test_an_address_that_tries_many_logins_is_answered_later_and_later() -> None:
    throttle = Throttle(Clock())
    pauses = [throttle.failed("a", str(number)) for number in range(1000)]
    assert pauses[0] == 0.5
    assert pauses == sorted(pauses)
    assert pauses[-1] == 5
    assert throttle.failed("b", "anna") == 0.5


def test_addresses_remembered_are_bounded() -> None:
    throttle = Throttle(Clock())
    for number in range(12_000):
        throttle.failed(str(number), str(number))
    assert len(throttle._failures) == 10_000
