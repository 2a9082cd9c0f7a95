"""The registry: an attempt is a function that raises AssertionError when it succeeds for the attacker."""

from collections.abc import Callable
from typing import Final, NamedTuple

from attacks.target import Target

Try = Callable[[Target], str]


class Attempt(NamedTuple):
    """One class of attempts."""

    name: str
    who: str
    """`stranger`, `login` or `user`."""
    run: Try
    """Returns what was tried and measured, in a few words."""


ATTEMPTS: Final[list[Attempt]] = []


def attempt(who: str, name: str) -> Callable[[Try], Try]:
    """Register a function as a class of attempts."""

    def add(function: Try) -> Try:
        ATTEMPTS.append(Attempt(name, who, function))
        return function

    return add
