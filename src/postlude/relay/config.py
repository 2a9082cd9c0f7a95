"""What the relay is told."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from postlude.adapters.smtp_door import DoorConfig


@dataclass(frozen=True, kw_only=True)
class RelayConfig(DoorConfig):
    """The submission server's settings; see DoorConfig."""


@dataclass(frozen=True)
class Login:
    """Who logged in, and as whom they may write."""

    user: int
    senders: tuple[str, ...]
    """Addresses and patterns such as `*@example.org`, the login's own address among them."""


CheckLogin = Callable[[str, str], Awaitable[Login | None]]
"""(login, app password) -> who it is, None when the password is wrong."""
