"""The lists of networks as this server has them: the bundled ones, and those the operator put into the data folder."""

import logging
from collections.abc import Iterable, Mapping
from ipaddress import collapse_addresses, ip_network
from pathlib import Path
from typing import Final

from postlude.adapters.country_table import Countries
from postlude.classify import (
    BUNDLED,
    CrawlerList,
    NetworkList,
    Networks,
    OwnRules,
    bundled_crawlers,
    read_list,
    read_own_rules,
)
from postlude.classify.network_lists import CRAWLERS
from postlude.kit.clock import MICROS_PER_SECOND, Clock, to_iso
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.kit.regular_file import read_file
from postlude.model.errors import InputError, StorageError

_LOOK_SECONDS: Final = 60
COUNTRIES: Final = "countries.bin"
OWN_RULES: Final = "own-rules"
"""The operator's own rules, in the folder of the lists; also what `postlude networks import` calls them."""

Stamp = tuple[tuple[str, int], ...]
"""Names of the files and when each was changed."""

_log = logging.getLogger("postlude.networks")


def load_lists(folder: Path) -> tuple[list[NetworkList], list[str]]:
    """Every list in use, and what is wrong with files that are not: then the bundled list stays."""
    found = {one.name: one for one in BUNDLED}
    problems = []
    for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        if path.stem == CRAWLERS:
            continue
        try:
            found[path.stem] = read_list(path.stem, read_file(path).decode("utf-8"))
        except (OSError, ValueError) as error:
            problems.append(f"{path}: {error}")
    return list(found.values()), problems


def load_crawlers(folder: Path) -> tuple[CrawlerList, list[str]]:
    """The list of crawlers in use, and what is wrong with the operator's: then the bundled one stays."""
    path = folder / f"{CRAWLERS}.txt"
    try:
        return CrawlerList(read_file(path).decode("utf-8")), []
    except FileNotFoundError:
        return bundled_crawlers(), []
    except (OSError, ValueError) as error:
        return bundled_crawlers(), [f"{path}: {error}"]


def load_own_rules(folder: Path) -> tuple[OwnRules | None, list[str]]:
    """The operator's own rules; None and the reason when the file cannot be used."""
    path = folder / OWN_RULES
    try:
        return read_own_rules(read_file(path).decode("utf-8")), []
    except FileNotFoundError:
        return OwnRules(), []
    except (OSError, ValueError) as error:
        return None, [f"{path}: {error}"]


def import_own_rules(folder: Path, text: str) -> OwnRules:
    """Put the operator's own rules in use; InputError, with the line, for what is not one."""
    try:
        rules = read_own_rules(text)
    except ValueError as error:
        raise InputError(f"nothing was imported: {error}") from error
    _put(folder, OWN_RULES, text)
    return rules


def import_crawlers(folder: Path, text: str, *, source: str, now: int) -> CrawlerList:
    """Make `text` (a regular expression a line) the list of crawlers; InputError for what is none."""
    try:
        read = CrawlerList(text)
        head = (f"# date: {read.date or to_iso(now)[:10]}", f"# source: {read.source or source}")
        body = "\n".join((*head, f"# licence: {read.licence}", *read.patterns, ""))
        made = CrawlerList(body)
    except ValueError as error:
        raise InputError(f"this is not a list of crawlers: {error}") from error
    if not made.patterns:
        raise InputError("the list is empty: an empty list would turn its rule off")
    _put(folder, f"{CRAWLERS}.txt", body)
    return made


def _put(folder: Path, name: str, text: str) -> None:
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_durably(folder / name, text.encode(), mode=0o640)
    except OSError as error:
        raise StorageError(file_trouble(error, folder)) from error


def import_list(folder: Path, name: str, text: str, *, source: str, now: int) -> NetworkList:
    """Make `text` (a network a line, or a CSV that begins with one) the list `name`; InputError for what is none."""
    try:
        read = read_list(name, text)
    except ValueError as error:
        raise InputError(
            f"this is not a list of networks: {error}. Write one network per line, such as 192.0.2.0/24"
        ) from error
    if not read.networks:
        raise InputError("the list is empty: an empty list would turn its rules off")
    joined = _collapsed(read.networks)
    one = NetworkList(name, read.date or to_iso(now)[:10], read.source or source, joined, read.licence)
    head = (f"# date: {one.date}", f"# source: {one.source}", f"# licence: {one.licence}")
    _put(folder, f"{name}.txt", "\n".join((*head, *one.networks, "")))
    return one


def _collapsed(networks: Iterable[str]) -> tuple[str, ...]:
    parsed = [ip_network(one) for one in networks]
    four = [one for one in parsed if one.version == 4]  # noqa: PLR2004 - IP versions
    six = [one for one in parsed if one.version == 6]  # noqa: PLR2004 - IP versions
    return tuple(map(str, (*collapse_addresses(four), *collapse_addresses(six))))


def open_countries(folder: Path) -> Countries | None:
    """The operator's table of countries; None without one, ValueError when it is damaged."""
    path = folder / COUNTRIES
    try:
        return Countries(path) if path.exists() else None
    except (OSError, ValueError) as error:
        raise ValueError(f"{path}: {error}") from error


def stamp_of(folder: Path) -> Stamp | None:
    """None: a file is being replaced this moment."""
    files = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    more = [folder / name for name in (COUNTRIES, OWN_RULES)]
    try:
        return tuple((path.name, path.stat().st_mtime_ns) for path in (*files, *(one for one in more if one.exists())))
    except OSError:
        return None


class _Looker:
    """Looks for new files once a minute."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder: Final = folder
        self._clock: Final = clock
        self._stamp: Stamp | None = None
        self._looked_at = 0
        self._own = OwnRules()

    def _refresh(self) -> None:
        now = self._clock.now()
        if 0 <= now - self._looked_at < _LOOK_SECONDS * MICROS_PER_SECOND:
            return
        self._looked_at = now
        stamp = stamp_of(self._folder)
        if stamp is not None and stamp != self._stamp:
            self._stamp = stamp
            self._read()

    def _read(self) -> None:
        """Read the files again."""
        rules, problems = load_own_rules(self._folder)
        for problem in problems:
            _log.error("%s; the rules from before stay in use", problem)
        self._own = rules or self._own


class AddressLookup(_Looker):
    """Facts about a raw address: its network, the operator's rule, its country if there is a table.

    Called for every new visitor.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        self._networks = Networks(BUNDLED)
        self._countries: Countries | None = None

    def __call__(self, address: str) -> Mapping[str, str]:
        """Facts for `Hit.facts`."""
        self._refresh()
        facts = self._networks.facts(address)
        if own := self._own.of_address(address):
            facts = facts | own
        country = self._countries.find(address) if self._countries else ""
        return facts | {"country": country} if country else facts

    def _read(self) -> None:
        super()._read()
        lists, problems = load_lists(self._folder)
        for problem in problems:
            _log.error("%s; the bundled list stays in use", problem)
        self._networks = Networks(lists)
        try:
            self._countries = open_countries(self._folder)
        except ValueError as error:
            _log.error("%s; hits get no country", error)


class AgentLookup(_Looker):
    """Facts about a user agent: the operator's rule, or the list of crawlers. Called for every new program."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        super().__init__(folder, clock)
        self._crawlers = bundled_crawlers()

    def __call__(self, user_agent: str) -> Mapping[str, str]:
        """Facts for `Hit.facts`."""
        self._refresh()
        if own := self._own.of_agent(user_agent):
            return own
        return {"crawler": "1"} if self._crawlers.names(user_agent) else {}

    def _read(self) -> None:
        super()._read()
        self._crawlers, problems = load_crawlers(self._folder)
        for problem in problems:
            _log.error("%s; the bundled list stays in use", problem)
