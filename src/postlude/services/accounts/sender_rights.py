"""Whether a login may write as an address."""

from collections.abc import Iterable
from fnmatch import fnmatchcase


def may_send_as(address: str, patterns: Iterable[str]) -> bool:
    """True when `address` is one of `patterns` (`anna@example.org`, `*@example.org`), whatever the case."""
    wanted = address.lower()
    return any(fnmatchcase(wanted, pattern.lower().replace("[", "[[]")) for pattern in patterns)
