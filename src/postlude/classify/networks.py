"""Networks whose owner changes what a hit means, with the date the list was made.

Evaluated when the hit comes in, because the address itself may be kept truncated or not at all. The ranges are the
providers' published mail and egress ranges (SPF records and help pages); Apple's egress list has a quarter of a million
rows, of which these are the four operators' covering ranges.
"""

from bisect import bisect_right
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

LISTS_DATE: Final = "2026-11-24"

_NETWORKS: Final = {
    "google": (
        "35.190.247.0/24 64.233.160.0/19 66.102.0.0/20 66.249.80.0/20 72.14.192.0/18 74.125.0.0/16 108.177.0.0/17 "
        "142.250.0.0/15 172.217.0.0/16 172.253.0.0/16 173.194.0.0/16 209.85.128.0/17 216.58.192.0/19 216.239.32.0/19 "
        "2001:4860:4000::/36 2404:6800:4000::/36 2607:f8b0:4000::/36 2800:3f0:4000::/36 2a00:1450:4000::/36 "
        "2c0f:fb50:4000::/36"
    ),
    "apple_egress": (
        "17.0.0.0/8 104.28.0.0/16 140.248.0.0/16 146.75.0.0/16 172.224.0.0/12 2a02:26f7::/32 2a09:bac2::/31"
    ),
    "microsoft_filtering": (
        "40.92.0.0/15 40.94.0.0/16 40.107.0.0/16 52.100.0.0/15 52.102.0.0/16 52.103.0.0/17 104.47.0.0/17 "
        "2a01:111:f400::/48 2a01:111:f403::/48"
    ),
    "barracuda": "64.235.144.0/20 209.222.80.0/21 35.176.92.96/27",
    "proofpoint": (
        "67.231.144.0/20 148.163.128.0/19 185.132.180.0/22 185.183.28.0/22 205.220.160.0/20 208.84.64.0/22 "
        "208.86.200.0/22 91.209.104.0/24"
    ),
    "mimecast": (
        "63.128.21.0/24 91.220.42.0/24 103.96.20.0/22 146.101.78.0/24 170.10.128.0/21 185.58.84.0/22 195.130.217.0/24 "
        "205.139.110.0/23 207.211.30.0/23 216.205.24.0/24"
    ),
    "cisco": "68.232.128.0/19 139.138.32.0/19 184.94.240.0/20 207.54.64.0/19 216.71.128.0/19",
}


def _ranges(version: int) -> tuple[list[int], list[tuple[int, str]]]:
    rows = sorted(
        (int(network.network_address), int(network.broadcast_address), name)
        for name, text in _NETWORKS.items()
        for network in _parsed(text)
        if network.version == version
    )
    return [low for low, _, _ in rows], [(high, name) for _, high, name in rows]


def _parsed(text: str) -> list[IPv4Network | IPv6Network]:
    return [ip_network(item) for item in text.split()]


_tables: Final = {version: _ranges(version) for version in (4, 6)}


@lru_cache(maxsize=8192)
def _network(address: str) -> str:
    try:
        parsed: IPv4Address | IPv6Address = ip_address(address)
    except ValueError:
        return ""
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped:
        parsed = parsed.ipv4_mapped
    lows, rest = _tables[parsed.version]
    index = bisect_right(lows, int(parsed)) - 1
    return rest[index][1] if index >= 0 and int(parsed) <= rest[index][0] else ""


def network_facts(address: str) -> dict[str, str]:
    """What `Hit.facts` should say about a raw address: `network` and `lists_date`; empty for an ordinary network."""
    name = _network(address)
    return {"network": name, "lists_date": LISTS_DATE} if name else {}
