"""Which hits of a copy may be recorded: a withdrawal acts from its own time on.

The edges do not record copies on their list, but the list is always slightly old. So the digest compares the time of
the hit with the time of the choice. Hits recorded before the choice arrived here are removed again.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final, Protocol

from postlude.model.words import HitEndpoint
from postlude.store.privacy.recording import may_record
from postlude.store.privacy.rows import TrackingStatement

_BITS: Final = 1 << 20
KNOWN_AGAIN: Final = 100  # a choice with a lower number may become visible after one with a higher one
_FRESH: Final = 50_000  # copies in a dictionary before all are sorted again


class ChoicesSource(Protocol):
    """Source of recipients' choices about tracking."""

    def newest_choice(self) -> int:
        """Number of the newest one."""
        ...

    def chose_since(self, number: int) -> dict[int, str]:
        """The addresses of those with a higher number, by that."""
        ...

    def statements(self, addresses: Iterable[str]) -> dict[str, list[TrackingStatement]]:
        """All words of these addresses, oldest first."""
        ...

    def copies_of(self, addresses: Iterable[str]) -> Iterator[tuple[int, str]]:
        """Every copy to these addresses."""
        ...

    def statements_of_copies(self, wanted: Iterable[int]) -> dict[int, list[TrackingStatement]]:
        """All words of the addresses of these copies."""
        ...


class Withdrawn:
    """The copies of all recipients who ever withdrew, 12 bytes each. No query while no recipient has withdrawn."""

    def __init__(self, source: ChoicesSource) -> None:
        self._source: Final = source
        self._newest = 0
        self._seen: set[int] = set()
        self._statements: list[Sequence[TrackingStatement]] = []
        self._numbers: dict[str, int] = {}
        self._ids, self._who = array("q"), array("l")
        self._fresh: dict[int, int] = {}
        self._maybe = bytearray(_BITS)
        self._pages: Mapping[int, Sequence[TrackingStatement]] = {}
        self.any = False
        """Whether any recipient ever withdrew."""

    def refresh(self) -> set[str]:
        """Learn of new choices; the addresses that made them."""
        newest = self._source.newest_choice()
        if newest == self._newest:
            return set()
        new = {n: who for n, who in self._source.chose_since(self._newest - KNOWN_AGAIN).items() if n not in self._seen}
        self._newest = newest
        self._seen = {n for n in self._seen | new.keys() if n > newest - KNOWN_AGAIN}
        addresses = set(new.values())
        self._learn(addresses)
        return addresses

    def look_up(self, copies: Iterable[int]) -> None:
        """Load the exact choices for these copies, including new ones: they are of visited pages."""
        wanted = list(copies)
        self._pages = self._source.statements_of_copies(wanted) if self.any and wanted else {}

    def allows(self, endpoint: str, copy: int, at: int) -> bool:
        """Whether a hit may be recorded: a click where clicks, everything else where opens were allowed at `at`."""
        if not self._maybe[copy & _BITS - 1]:
            return True
        may = may_record(self._of(copy), at)
        return may.clicks if endpoint == HitEndpoint.LINK else may.opens

    def allows_page(self, endpoint: HitEndpoint, copy: int, at: int) -> bool:
        """Whether who looked at a page of a copy, which `look_up` was asked for, may be recorded."""
        may = may_record(self._pages.get(copy, ()), at)
        return may.clicks if endpoint is HitEndpoint.DAMAGED_LINK else may.opens

    def _of(self, copy: int) -> Sequence[TrackingStatement]:
        number = self._fresh.get(copy)
        if number is None:
            index = bisect_left(self._ids, copy)
            if index == len(self._ids) or self._ids[index] != copy:
                return ()
            number = self._who[index]
        return self._statements[number]

    def _learn(self, addresses: set[str]) -> None:
        for address, statements in self._source.statements(addresses).items():
            if address not in self._numbers:
                if not any(one.opens or one.clicks for one in statements):
                    continue
                self._numbers[address] = len(self._statements)
                self._statements.append(statements)
            self._statements[self._numbers[address]] = statements
        known = [address for address in addresses if address in self._numbers]
        for copy, address in self._source.copies_of(known):
            self._fresh[copy] = self._numbers[address]
            self._maybe[copy & _BITS - 1] = 1
        self.any = bool(self._statements)
        if len(self._fresh) > _FRESH:
            self._sort()

    def _sort(self) -> None:
        every = dict(zip(self._ids, self._who, strict=True)) | self._fresh
        ordered = sorted(every.items())
        self._ids, self._who = array("q", (c for c, _ in ordered)), array("l", (n for _, n in ordered))
        self._fresh = {}
