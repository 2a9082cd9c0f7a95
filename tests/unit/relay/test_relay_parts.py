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
def test_who_may_write_as_whom(address: str, allowed: bool):
    assert may_send_as(address, ("anna@example.org", "*@team.example.org")) is allowed


def test_wrong_passwords_get_slower_and_a_right_one_clears():
    clock = Clock()
    throttle = Throttle(clock)
    for _ in range(4):
        throttle.failed("a")
    assert throttle.wait_s("a") == 0
    throttle.failed("a")
    assert throttle.wait_s("a") == 30
    clock.time += 30_000_000
    assert throttle.wait_s("a") == 0
    throttle.failed("a")
    assert throttle.wait_s("a") == 60
    assert throttle.wait_s("b") == 0
    throttle.passed("a")
    assert throttle.wait_s("a") == 0


def test_addresses_remembered_are_bounded():
    throttle = Throttle(Clock())
    for number in range(12_000):
        throttle.failed(str(number))
    assert len(throttle._failures) == 10_000
