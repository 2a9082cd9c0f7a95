"""Every class of attempt once, in a short form, against a running instance; `make attack` is the long one."""

from collections.abc import Iterator

import pytest

from attacks import recipients, strangers, users
from attacks.attempts import ATTEMPTS, Attempt
from attacks.target import LISTENERS, Target

assert strangers, recipients
assert users  # importing them registers what they try


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with Target(tmp_path_factory.mktemp("attack")) as running:
        yield running


@pytest.mark.parametrize("attempt", ATTEMPTS, ids=[each.name for each in ATTEMPTS])
def test_it_does_not_succeed(target: Target, attempt: Attempt) -> None:
    attempt.run(target)
    target.check_serves()


def test_every_listener_is_attacked(target: Target) -> None:
    assert set(LISTENERS) == set(target.postlude.ports)
