"""Networks whose owner changes the meaning of a hit: finds an address's list by bisection.

Evaluated when the hit comes in, because the address itself may be kept truncated or not at all.
"""

from bisect import bisect_right
from collections.abc import Iterable
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Final, NamedTuple

from postlude.classify.network_lists import NETWORK_LISTS, bundled, head_of

_REMEMBERED: Final = 8192
_COMMENT: Final = "#"


class NetworkList(NamedTuple):
    """One owner's networks, as of a date."""

    name: str
    date: str
    """YYYY-MM-DD: when the list was taken from its source."""
    source: str
    networks: tuple[str, ...]
    """CIDR notation, or single addresses."""
    licence: str = ""


def read_list(name: str, text: str) -> NetworkList:
    """Parse a list from a file; ValueError, with the line, for an invalid network.

    One network per line, its first word (so that a CSV's first column works); `#` begins a comment, `# date:`, `#
    source:` and `# licence:` set these values.
    """
    networks = []
    for number, line in enumerate(text.splitlines(), 1):
        content, _, _ = line.partition(_COMMENT)
        word = content.replace(",", " ").split()[:1]
        if not word:
            continue
        try:
            networks.append(str(ip_network(word[0], strict=False)))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    head = head_of(text)
    return NetworkList(name, head["date"], head["source"], tuple(networks), head["licence"])


class Networks:
    """All lists together. A narrower network wins over a wider one; caches the latest addresses."""

    def __init__(self, lists: Iterable[NetworkList]) -> None:
        self.lists: Final = {one.name: one for one in lists}
        rows: dict[int, list[tuple[int, int, str]]] = {4: [], 6: []}
        for one in self.lists.values():
            for text in one.networks:
                network = ip_network(text)
                rows[network.version].append((int(network.network_address), int(network.broadcast_address), one.name))
        self._tables = {version: _flat(some) for version, some in rows.items()}
        self._known: dict[str, dict[str, str]] = {}

    def facts(self, address: str) -> dict[str, str]:
        """Facts for `Hit.facts` about a raw address: `network` and `lists_date`; empty for an ordinary one."""
        known = self._known.get(address)
        if known is None:
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            name = self._find(address)
            known = self._known[address] = {"network": name, "lists_date": self.lists[name].date} if name else {}
        return known

    def _find(self, address: str) -> str:
        try:
            parsed = ip_address(address)
        except ValueError:
            return ""
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        lows, highs, names = self._tables[parsed.version]
        number = int(parsed)
        index = bisect_right(lows, number) - 1
        return names[index] if index >= 0 and number <= highs[index] else ""


_Table = tuple[list[int], list[int], list[str]]


def _flat(rows: Iterable[tuple[int, int, str]]) -> _Table:
    """Networks, which contain one another or do not touch, as ranges that never overlap."""
    flat: list[tuple[int, int, str]] = []
    around: list[tuple[int, str]] = []
    at = 0
    for low, high, name in (*sorted(rows, key=lambda row: (row[0], -row[1])), (1 << 128, 1 << 128, "")):
        while around and around[-1][0] < low:
            end, owner = around.pop()
            if at <= end:
                flat.append((at, end, owner))
                at = end + 1
        if around and at < low:
            flat.append((at, low - 1, around[-1][1]))
        around.append((high, name))
        at = low
    return [low for low, _, _ in flat], [high for _, high, _ in flat], [name for _, _, name in flat]


BUNDLED: Final = tuple(read_list(name, bundled(name)) for name in NETWORK_LISTS)
"""The lists that come with this version."""

_bundled: Final = Networks(BUNDLED)


def network_facts(address: str) -> dict[str, str]:
    """`Networks.facts` by the bundled lists."""
    return dict(_bundled.facts(address))
