"""Configuration of the relay."""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from typing import Protocol

from postlude.adapters.smtp_server.session import SmtpServerConfig
from postlude.model.login import Login


@dataclass(frozen=True)
class Gateway:
    """Mail servers that need no login: Workspace's outbound gateway, an Exchange connector, a Postfix."""

    networks: tuple[IPv4Network | IPv6Network, ...] = ()
    domains: tuple[str, ...] = ()
    """Domains they may send as."""
    client_names: tuple[str, ...] = ()
    """Names one of which their certificate must carry, `*.` for one label; empty: the network is enough."""


@dataclass(frozen=True, kw_only=True)
class RelayConfig(SmtpServerConfig):
    """The submission server's settings; see SmtpServerConfig."""

    gateway: Gateway = field(default_factory=Gateway)


class CheckLogin(Protocol):
    """Checks a login of the relay."""

    def __call__(self, login: str, password: str, /) -> Awaitable[Login | None]:
        """None when the password is not one of its; StorageError when it cannot be asked."""
        ...


class OwnerOf(Protocol):
    """The user a gateway's message is booked to."""

    def __call__(self, sender: str, /) -> Awaitable[int]:
        """The id of the user with that address, else of the configured one."""
        ...
