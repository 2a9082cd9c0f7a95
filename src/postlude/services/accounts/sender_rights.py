"""Whether a login may write as an address."""

from collections.abc import Iterable
from fnmatch import fnmatchcase

from postlude.model.domain_name import address_key, same_domain


def may_send_as(address: str, patterns: Iterable[str]) -> bool:
    """True when `address` is one of `patterns` (`anna@example.org`, `*@example.org`), whatever case and spelling."""
    wanted = address_key(address)
    return any(fnmatchcase(wanted, sender_pattern(pattern).replace("[", "[[]")) for pattern in patterns)


def sender_pattern(pattern: str) -> str:
    """A pattern as it is kept and compared: lower case, its domain in A-labels."""
    local, at, domain = pattern.strip().rpartition("@")
    below = "*." if domain.startswith("*.") else ""
    return f"{local.lower()}{at}{below}{same_domain(domain.removeprefix(below))}"
