"""Visitors of the current minute: their stored address, what is known of it, and how often they came."""

from typing import Final

from postlude.edge import records
from postlude.edge.address import AddressKeeper
from postlude.edge.config import AddressFacts, AgentFacts
from postlude.edge.headers import RequestHead

_REMEMBERED: Final = 16_384  # about 800 bytes each: 13 MB at the very worst, for one minute
_TAILS: Final = 8


class Visitor:
    """One address within one minute."""

    __slots__ = ("address", "agent_facts", "count", "facts", "minute", "tails", "too_many")

    def __init__(
        self, address: str, facts: dict[str, str], minute: int, limit: int, agent_facts: AgentFacts | None = None
    ) -> None:
        self.address = address
        self.agent_facts = agent_facts
        self.facts = facts
        self.minute = minute
        self.count = 0
        """Hits so far."""
        self.too_many = limit + 1
        """The first hit over the limit."""
        self.tails: dict[RequestHead, bytes] = {}
        """Ends of records as made before; not to be used at the hit that is `too_many`."""

    def hit(self, head: RequestHead) -> bytes:
        """Count one more hit with `head`; the end of its record."""
        self.count += 1
        return self.tail(head)

    def tail(self, head: RequestHead) -> bytes:
        """The end of the record for the hit with `head` that was counted last."""
        if self.count == self.too_many:
            self.facts = self.facts | {"rate": "high"}
            self.tails.clear()
        elif (known := self.tails.get(head)) is not None:
            return known
        if len(self.tails) >= _TAILS:
            self.tails.clear()
        self.tails[head] = made = records.tail(head.user_agent, self.address, head.kept, self.facts_with(head))
        return made

    def facts_with(self, head: RequestHead) -> dict[str, str]:
        """What is known of the address and of the program; the operator's rule for the address goes first."""
        more = self.agent_facts(head.user_agent) if self.agent_facts is not None else None
        return {**more, **self.facts} if more else self.facts


class Visitors:
    """Visitors by raw address, forgotten every minute (and with them the raw addresses)."""

    def __init__(
        self,
        keeper: AddressKeeper,
        limit: int,
        facts: AddressFacts | None,
        agent_facts: AgentFacts | None = None,
    ) -> None:
        self._keeper = keeper
        self._agent_facts = agent_facts
        self._limit = limit
        self._facts = facts
        self._known: dict[tuple[str, str], Visitor] = {}
        self._now = 0
        self.minute = 0

    def refresh(self, now: int) -> None:
        """Start a new minute when it is time."""
        self._now = now
        minute = now // 60_000_000
        if minute != self.minute:
            self.minute = minute
            self._known = {}

    def get(self, address: str, line: str = "") -> Visitor:
        """The visitor with this raw address, whose requests came by `line`."""
        visitor = self._known.get((address, line))
        if visitor is None:
            facts = dict(self._facts(address)) if self._facts else {}
            if line:
                facts["line"] = line
            kept = self._keeper.keep(address, self._now)
            visitor = Visitor(kept, facts, self.minute, self._limit, self._agent_facts)
            if len(self._known) < _REMEMBERED:
                self._known[address, line] = visitor
        return visitor
