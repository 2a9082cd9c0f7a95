"""Limits on a listener's connections, in total and per address."""

from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

_IPV6_SITE: Final = 64  # a holder of one IPv6 address has 2^64


class ConnectionCap(StrEnum):
    """Which cap one more connection would pass."""

    TOTAL = "total"
    ADDRESS = "address"


class ConnectionCaps:
    """Counts connections: call `enter` before serving one and `leave` when it has ended. For one thread.

    Addresses within `exempt` (reverse proxies, trusted servers) and local sockets are only subject to the total.
    """

    def __init__(self, total: int, per_address: int, exempt: Iterable[IPv4Network | IPv6Network] = ()) -> None:
        self.total: Final = total
        self.per_address: Final = per_address
        self.count = 0
        self._exempt: Final = tuple(exempt)
        self._by_site: Final[Counter[str]] = Counter()

    def enter(self, address: str) -> ConnectionCap | None:
        """Count one more connection from `address`, or return the reached cap; then nothing is counted."""
        site = self._site(address)
        if site and self._by_site[site] >= self.per_address:
            return ConnectionCap.ADDRESS
        if self.count >= self.total:
            return ConnectionCap.TOTAL
        self.count += 1
        if site:
            self._by_site[site] += 1
        return None

    def leave(self, address: str) -> None:
        """A connection that had entered is gone."""
        self.count -= 1
        site = self._site(address)
        if site:
            self._by_site[site] -= 1
            if not self._by_site[site]:
                del self._by_site[site]

    def _site(self, address: str) -> str:
        """What is counted as one address; empty for those that are not counted."""
        try:
            peer = ip_address(address.partition("%")[0])
        except ValueError:
            return ""
        if isinstance(peer, IPv6Address) and peer.ipv4_mapped:
            peer = peer.ipv4_mapped
        if any(peer in network for network in self._exempt if network.version == peer.version):
            return ""
        return str(IPv6Network((peer, _IPV6_SITE), strict=False)) if isinstance(peer, IPv6Address) else str(peer)
