"""User agents of crawlers, from a list: judges only what the built-in names leave unknown.

Generic crawler lists flag 40 of 90 mail clients and image proxies (measured), so that mail clients and browsers are
recognised before.
"""

import re
from functools import cache, lru_cache
from typing import Final

from postlude.classify.agents import MAX_READ, Family, read_agent
from postlude.classify.network_lists import CRAWLERS, bundled, head_of

_REMEMBERED: Final = 8192
_LONGEST: Final = 200
"""Characters of a pattern: names are short, and what is longer is not one."""


class CrawlerList:
    """Compiled patterns of one list, with its date."""

    def __init__(self, text: str) -> None:
        """ValueError, with the line and the remedy, for what is not a list of patterns."""
        head = head_of(text)
        self.date: Final = head["date"]
        self.source: Final = head["source"]
        self.licence: Final = head["licence"]
        self.patterns: Final = tuple(_patterns(text))
        self._found: Final = re.compile("|".join(f"(?:{one})" for one in self.patterns) or r"(?!)").search
        self._named = lru_cache(maxsize=_REMEMBERED)(self._look)

    def names(self, user_agent: str) -> bool:
        """Whether it is a crawler by this list, and nothing else by the built-in names."""
        return self._named(user_agent[:MAX_READ])

    def _look(self, user_agent: str) -> bool:
        return read_agent(user_agent).family is Family.OTHER and self._found(user_agent) is not None


def _patterns(text: str) -> list[str]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        pattern = line.strip()
        if not pattern or pattern.startswith("#"):
            continue
        if len(pattern) > _LONGEST:
            raise ValueError(f"line {number}: a pattern of {len(pattern)} characters. Write one name per line")
        try:
            matches_nothing = re.compile(pattern).search("") is None
        except re.error as error:
            raise ValueError(
                f"line {number}: not a regular expression: {error}. Escape what is meant literally"
            ) from None
        if not matches_nothing:
            raise ValueError(f"line {number}: {pattern!r} matches every program. Name one")
        found.append(pattern)
    return found


@cache
def bundled_crawlers() -> CrawlerList:
    """The list that comes with this version; compiling it takes 20 ms, once, in the processes that use it."""
    return CrawlerList(bundled(CRAWLERS))
