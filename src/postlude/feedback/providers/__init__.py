"""Calls of sending providers: proven first, then read. A provider is one file here and its samples in the tests."""

from collections.abc import Mapping
from enum import StrEnum
from importlib import import_module
from pkgutil import iter_modules
from typing import Final

import msgspec

from postlude.feedback.finding import Finding
from postlude.feedback.providers.base import Provider

_HELPERS: Final = frozenset({"base"})


def _scanned() -> dict[str, Provider]:
    """Every provider that has a file in this folder, by name."""
    names = (module.name for module in iter_modules(__path__) if module.name not in _HELPERS)
    found: list[Provider] = [import_module(f"{__name__}.{name}").PROVIDER for name in names]
    return {provider.name: provider for provider in found}


PROVIDERS: Final = _scanned()


class CallOutcome(StrEnum):
    """Outcome of a call; exactly one per call."""

    READ = "read"
    BAD_SIGNATURE = "bad_signature"
    NO_KEY = "no_key"  # it signs, and what the signature is checked with was never set
    UNREADABLE = "unreadable"  # signed, but not what the provider documents; keep the sample
    UNKNOWN_PROVIDER = "unknown_provider"


class Call(msgspec.Struct, frozen=True):
    """Result of one call of a provider."""

    outcome: CallOutcome
    findings: tuple[Finding, ...] = ()
    problem: str = ""


def receive(name: str, *, headers: Mapping[str, str], body: bytes, secret: str, now: int) -> Call:
    """Verify and parse one call; never raises. `now` in seconds; header names in any case.

    The secret is described in `PROVIDERS[name].key`; the PEM certificate where the provider has a `certificate_url`.
    """
    provider = PROVIDERS.get(name)
    if provider is None:
        return Call(CallOutcome.UNKNOWN_PROVIDER, problem=f"no provider is called {name!r}")
    if provider.signs and not secret:
        return Call(CallOutcome.NO_KEY, problem=f"nothing to prove it with is set: {provider.key}")
    lowered = {key.lower(): value for key, value in headers.items()}
    try:
        if not provider.verify(lowered, body, secret, now):
            return Call(CallOutcome.BAD_SIGNATURE, problem="the signature does not hold")
    except ValueError as error:
        return Call(CallOutcome.BAD_SIGNATURE, problem=str(error))
    try:
        return Call(CallOutcome.READ, tuple(provider.parse(body)))
    except Exception as error:  # noqa: BLE001 - a foreign payload must end in an outcome, never a stop
        return Call(CallOutcome.UNREADABLE, problem=f"{type(error).__name__}: {error}")


__all__ = ["PROVIDERS", "Call", "CallOutcome", "Provider", "receive"]
