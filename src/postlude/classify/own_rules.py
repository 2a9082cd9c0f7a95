"""The operator's own rules: networks and programs whose hits they know better than any list.

One rule per line, the first that fits decides:

    network 203.0.113.0/24 self     our office
    network 2001:db8::/32 machine   the monitoring
    agent "Acme Reader" human       what a customer reads with
"""

import re
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final, NamedTuple

from postlude.model.words import Verdict

OWN_VERDICTS: Final = (Verdict.HUMAN, Verdict.MACHINE, Verdict.SELF, Verdict.UNKNOWN)
_LINE: Final = re.compile(r'(\S+)\s+(?:"([^"]*)"|([^\s"]\S*))(?:\s+(\S+))?(?:\s+(.*))?')
_SHORTEST_NAME: Final = 3
_EXAMPLE: Final = "Write for example: network 203.0.113.0/24 machine"


class OwnRule(NamedTuple):
    """One line."""

    network: IPv4Network | IPv6Network | None
    agent: str
    """Part of the user agent; empty for a network."""
    verdict: Verdict
    note: str


class OwnRules:
    """All lines of a file."""

    def __init__(self, rules: tuple[OwnRule, ...] = ()) -> None:
        self.rules: Final = rules
        self._networks: Final = tuple(one for one in rules if one.network is not None)
        self._agents: Final = tuple(one for one in rules if one.network is None)

    def of_address(self, address: str) -> dict[str, str]:
        """Facts for `Hit.facts` about a raw address; empty when no rule fits."""
        if not self._networks:
            return {}
        try:
            parsed = ip_address(address)
        except ValueError:
            return {}
        if isinstance(parsed, IPv6Address):
            parsed = parsed.ipv4_mapped or parsed
        return _facts(next((one for one in self._networks if one.network is not None and parsed in one.network), None))

    def of_agent(self, user_agent: str) -> dict[str, str]:
        """The same about a user agent."""
        return _facts(next((one for one in self._agents if one.agent in user_agent), None))


def _facts(rule: OwnRule | None) -> dict[str, str]:
    if rule is None:
        return {}
    return {"own": rule.verdict.value, **({"own_note": rule.note} if rule.note else {})}


def read_own_rules(text: str) -> OwnRules:
    """Strict: ValueError, with the line and the remedy, for anything that is not a rule."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        try:
            found.append(_rule(content))
        except ValueError as error:
            raise ValueError(f"line {number}: {error}") from None
    return OwnRules(tuple(found))


def _rule(line: str) -> OwnRule:
    read = _LINE.fullmatch(line)
    if read is None:
        raise ValueError(f"not a rule. {_EXAMPLE}")
    kind, quoted, word, verdict, note = read.groups(default="")
    if not verdict:
        raise ValueError(f"says no verdict. {_EXAMPLE}")
    if verdict not in {one.value for one in OWN_VERDICTS}:
        raise ValueError(f"{verdict!r} is not a verdict. Write one of: {', '.join(OWN_VERDICTS)}")
    if kind == "network":
        try:
            return OwnRule(ip_network(quoted or word), "", Verdict(verdict), note)
        except ValueError as error:
            raise ValueError(f"{error}. Write a network such as 203.0.113.0/24, or one address") from None
    if kind != "agent":
        raise ValueError(f"{kind!r} is neither `network` nor `agent`. {_EXAMPLE}")
    if len(quoted or word) < _SHORTEST_NAME:
        raise ValueError(f"{quoted or word!r} is in the name of nearly every program. Write more of the name")
    return OwnRule(None, quoted or word, Verdict(verdict), note)
