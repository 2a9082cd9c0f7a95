"""How the lists of networks and crawlers are: a file that cannot be used is a problem, an old list a warning."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from postlude.kit.clock import MICROS_PER_SECOND, to_iso
from postlude.services.health import CheckResult

_YEAR: Final = 365 * 86_400 * MICROS_PER_SECOND


class DatedList(NamedTuple):
    """A list in use."""

    name: str
    date: str
    """Such as `2026-11-30`; empty when the file says none."""
    own: bool = False
    """Whether the operator imported it; else it came with Postlude."""


class ListsFound(NamedTuple):
    """What was found where lists are."""

    networks: tuple[DatedList, ...]
    crawlers: DatedList
    countries: str
    """Date of the table of countries; empty without one."""
    damaged: tuple[str, ...] = ()
    """Why files of lists cannot be used, one sentence each."""
    wrong_rules: tuple[str, ...] = ()
    """Why the operator's own rules cannot be used."""
    damaged_countries: str = ""
    """Why the table of countries cannot be used."""

    @property
    def dated(self) -> tuple[DatedList, ...]:
        """All that have a date and grow old."""
        return (*self.networks, self.crawlers)


def old_lists(lists: Iterable[DatedList], now: int) -> list[str]:
    """Names of those that are older than a year, with their dates."""
    before = to_iso(now - _YEAR)[:10]
    return [f"{one.name} ({one.date or 'without date'})" for one in lists if one.date < before]


def of_lists(found: ListsFound, now: int) -> CheckResult:
    """The first problem, else the old ones."""
    if found.damaged:
        text = f"{found.damaged[0]}. Correct or delete it: the bundled list is used meanwhile"
        return CheckResult("network lists", "problem", text)
    if found.wrong_rules:
        text = f"{found.wrong_rules[0]}. Correct the line: the rules from before, or none, are used meanwhile"
        return CheckResult("network lists", "problem", text)
    if found.damaged_countries:
        text = f"{found.damaged_countries}. Import the table of countries again"
        return CheckResult("network lists", "problem", text)
    if old := old_lists(found.dated, now):
        text = f"older than a year: {', '.join(old)}. `postlude networks import` takes newer ones"
        return CheckResult("network lists", "warning", text)
    return CheckResult("network lists", "ok", "none is older than a year")


def of_lists_by_name(found: ListsFound, now: int) -> CheckResult:
    """As `of_lists`; when all is well the lists with their dates."""
    result = of_lists(found, now)
    if result.state != "ok":
        return result
    lists = ", ".join(f"{one.name} {one.date or 'without date'}{' (own)' if one.own else ''}" for one in found.networks)
    country = f"; country {found.countries}" if found.countries else ""
    return result._replace(text=f"{lists}. `postlude networks import` takes newer ones{country}")
