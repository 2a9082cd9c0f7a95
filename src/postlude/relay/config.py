"""What the relay is told."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from ipaddress import IPv4Network, IPv6Network

from postlude.adapters.smtp_server.session import DoorConfig


@dataclass(frozen=True)
class Quota:
    """What one login may submit; 0: no limit."""

    messages_per_hour: int = 0
    messages_per_day: int = 0
    recipients_per_hour: int = 0
    recipients_per_day: int = 0

    def changed(self, own: Mapping[str, int] | None) -> "Quota":
        """With what is said of one user."""
        names = [each.name for each in fields(self)]
        return Quota(**{name: (own or {}).get(name, getattr(self, name)) for name in names})


@dataclass(frozen=True)
class Gateway:
    """Mail servers that need no login: Workspace's outbound gateway, an Exchange connector, a Postfix."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    domains: tuple[str, ...] = ()
    """Domains they may send as."""
    client_names: tuple[str, ...] = ()
    """Names one of which their certificate must carry, `*.` for one label; empty: the network is enough."""


@dataclass(frozen=True, kw_only=True)
class RelayConfig(DoorConfig):
    """The submission server's settings; see DoorConfig."""

    quota: Quota = field(default_factory=Quota)
    gateway: Gateway = field(default_factory=Gateway)


@dataclass(frozen=True)
class Login:
    """Who logged in, and as whom they may write."""

    user: int
    senders: tuple[str, ...]
    """Addresses and patterns such as `*@example.org`, the login's own address among them."""
    limits: Mapping[str, int] | None = None
    """What differs from the relay's Quota for this user."""


CheckLogin = Callable[[str, str], Awaitable[Login | None]]
"""(login, app password) -> who it is, None when the password is wrong."""

Used = Callable[[int], Awaitable[Sequence[tuple[int, int]]]]
"""User -> (time, recipients) of what they submitted within the last 24 hours: a restart forgets no quota."""

OwnerOf = Callable[[str], Awaitable[int]]
"""From address -> the user whose message it is, for mail that came without a login."""
