"""How each provider signs a call, with keys made here: `documented/NAME.py`, else HTTP Basic."""

from collections.abc import Callable
from typing import Any

import pytest

from postlude.feedback import refusals
from postlude.feedback.text_rules import first_rule
from support.provider_signing import Signed, signing_of

NOW = 1_700_000_000


@pytest.fixture(scope="session", autouse=True)
def lists_are_read() -> None:
    """The lists of refusals are read once, and not within the deadline of the first example of a property."""
    refusals.find_refusal("")
    first_rule("")


@pytest.fixture(scope="session")
def signed() -> Callable[[str, Any], Signed]:
    """`signed(provider, payload)`: a call as the provider would make it, at NOW."""
    return lambda name, payload: signing_of(name).sign(payload, NOW)
