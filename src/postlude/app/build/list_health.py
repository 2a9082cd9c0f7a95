"""The lists of networks and crawlers, read for `services/list_health.py`. Not for the edge: it knows no service."""

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
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.services.health import CheckResult
from postlude.services.list_health import DatedList, ListsFound, of_lists

_DAY: Final = 86_400 * MICROS_PER_SECOND


def lists_found(folder: Path) -> ListsFound:
    """Read every list in use."""
    lists, damaged = load_lists(folder)
    crawlers, wrong = load_crawlers(folder)
    own = {path.stem for path in folder.glob("*.txt")}
    countries, damaged_countries = "", ""
    try:
        if table := open_countries(folder):
            countries = table.date
    except ValueError as error:
        damaged_countries = str(error)
    return ListsFound(
        networks=tuple(DatedList(one.name, one.date, one.name in own) for one in lists),
        crawlers=DatedList(CRAWLERS, crawlers.date, CRAWLERS in own),
        countries=countries,
        damaged=(*damaged, *wrong),
        wrong_rules=tuple(load_own_rules(folder)[1]),
        damaged_countries=damaged_countries,
    )


def check_lists(folder: Path, now: int) -> CheckResult:
    """How the lists are. Cheap when nothing changed."""
    return _check_lists(folder, stamp_of(folder), now // _DAY)


@lru_cache(maxsize=4)
def _check_lists(folder: Path, _stamp: Stamp | None, day: int) -> CheckResult:
    return of_lists(lists_found(folder), day * _DAY)
