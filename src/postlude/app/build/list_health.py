"""How the lists of networks and crawlers are: usable, and not too old. Not for the edge: it knows no service."""

from functools import lru_cache
from pathlib import Path
from typing import Final

from postlude.adapters.network_lists import (
    Stamp,
    load_crawlers,
    load_lists,
    load_own_rules,
    open_countries,
    stamp_of,
)
from postlude.classify.network_lists import CRAWLERS
from postlude.kit.clock import MICROS_PER_SECOND, to_iso
from postlude.services.health import CheckResult

_DAY: Final = 86_400 * MICROS_PER_SECOND
_YEAR: Final = 365 * _DAY


def old_lists(folder: Path, now: int) -> list[str]:
    """Names of the lists in use that are older than a year, with their dates."""
    lists, _ = load_lists(folder)
    crawlers, _ = load_crawlers(folder)
    dated = [*((one.name, one.date) for one in lists), (CRAWLERS, crawlers.date)]
    before = to_iso(now - _YEAR)[:10]
    return [f"{name} ({date or 'without date'})" for name, date in dated if date < before]


def of_lists(folder: Path, now: int) -> CheckResult:
    """How the lists are: a file that cannot be used is a problem, an old list a warning. Cheap when nothing changed."""
    return _of_lists(folder, stamp_of(folder), now // _DAY)


@lru_cache(maxsize=4)
def _of_lists(folder: Path, _stamp: Stamp | None, day: int) -> CheckResult:
    problems = [*load_lists(folder)[1], *load_crawlers(folder)[1]]
    if problems:
        text = f"{problems[0]}. Correct or delete it: the bundled list is used meanwhile"
        return CheckResult("network lists", "problem", text)
    if problems := load_own_rules(folder)[1]:
        text = f"{problems[0]}. Correct the line: the rules from before, or none, are used meanwhile"
        return CheckResult("network lists", "problem", text)
    try:
        open_countries(folder)
    except ValueError as error:
        return CheckResult("network lists", "problem", f"{error}. Import the table of countries again")
    if old := old_lists(folder, day * _DAY):
        text = f"older than a year: {', '.join(old)}. `postlude networks import` takes newer ones"
        return CheckResult("network lists", "warning", text)
    return CheckResult("network lists", "ok", "none is older than a year")
