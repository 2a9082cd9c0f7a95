"""Neighbours: one visitor that asks for many recipients' copies of one message, in several mail domains.

What it finds is a mark on hits (`sighting.SHARED`), which the windows of their copies keep.
"""

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from typing import NamedTuple

from postlude.classify.window_rules import WindowSettings
from postlude.kit.clock import MICROS_PER_SECOND


class CrowdHit(NamedTuple):
    """One hit of a visitor on any copy of a message."""

    at: int
    id: int
    """Of its event."""
    copy: int


DomainsOf = Callable[[Collection[int]], Mapping[int, str]]
"""The mail domains of copies; copies whose recipient is not known are absent."""


def crowded(hits: Collection[CrowdHit], settings: WindowSettings, domains_of: DomainsOf) -> set[int]:
    """Ids of the hits that are part of a crowd: a function of the set of the visitor's hits on one message."""
    if len({hit.copy for hit in hits}) < settings.shared_copies:
        return set()
    ordered = sorted(hits)
    reach = int(settings.shared_seconds * MICROS_PER_SECOND)
    domains = domains_of({hit.copy for hit in ordered})
    found: set[int] = set()
    copies: Counter[int] = Counter()
    where: Counter[str] = Counter()
    start = marked = 0
    for end, hit in enumerate(ordered):
        _count(copies, where, domains, hit.copy, 1)
        while hit.at - ordered[start].at > reach:
            _count(copies, where, domains, ordered[start].copy, -1)
            start += 1
        if len(copies) >= settings.shared_copies and len(where) >= settings.shared_domains:
            marked = max(marked, start)
            found.update(one.id for one in ordered[marked : end + 1])
            marked = end + 1
    return found


def _count(copies: Counter[int], where: Counter[str], domains: Mapping[int, str], copy: int, more: int) -> None:
    copies[copy] += more
    if not copies[copy]:
        del copies[copy]
    if domain := domains.get(copy):
        where[domain] += more
        if not where[domain]:
            del where[domain]
