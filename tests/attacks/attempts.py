"""The registry: an attempt is a function that raises AssertionError when it succeeds for the attacker."""

import importlib
from collections.abc import Callable
from pathlib import Path
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


def load() -> None:
    """Import every module beside this one that registers attempts."""
    for path in sorted(Path(__file__).parent.glob("*.py")):
        if "@attempt(" in path.read_text(encoding="utf-8") and path != Path(__file__):
            importlib.import_module(f"attacks.{path.stem}")
