"""Who may hand in mail."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Login:
    """Who logged in, and as whom they may write."""

    user: int
    senders: tuple[str, ...]
    """Addresses and patterns such as `*@example.org`, the login's own address among them."""
    limits: Mapping[str, int] | None = None
    """What differs from the relay's Quota for this user."""
    purpose: str = ""
    """A `MessagePurpose` of what names none itself; empty: as the message looks."""
