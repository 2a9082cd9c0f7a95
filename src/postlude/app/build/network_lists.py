"""The lists of networks as this server has them: the bundled ones, and those the operator put into the data folder."""

import logging
from collections.abc import Iterable, Mapping
from ipaddress import collapse_addresses, ip_network
from pathlib import Path
from typing import Final

import msgspec

from postlude.adapters.country_table import Countries
from postlude.classify import BUNDLED, NetworkList, Networks, read_list
from postlude.kit.clock import MICROS_PER_SECOND, Clock, to_iso
from postlude.kit.files import replace_durably
from postlude.model.errors import InputError, StorageError

_LOOK_SECONDS: Final = 60
COUNTRIES: Final = "countries.bin"
_log = logging.getLogger("postlude.networks")


def load_lists(folder: Path) -> tuple[list[NetworkList], list[str]]:
    """Every list in use, and what is wrong with files that are not: then the bundled list stays."""
    found = {one.name: one for one in BUNDLED}
    problems = []
    for path in sorted(folder.glob("*.txt")) if folder.is_dir() else ():
        try:
            found[path.stem] = read_list(path.stem, path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            problems.append(f"{path}: {error}")
    return list(found.values()), problems


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
    one = NetworkList(name, read.date or to_iso(now)[:10], read.source or source, joined)
    body = "\n".join((f"# date: {one.date}", f"# source: {one.source}", *one.networks, ""))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        replace_durably(folder / f"{name}.txt", body.encode(), mode=0o640)
    except OSError as error:
        raise StorageError(f"{folder}: {error.strerror or error}") from error
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
    except (OSError, msgspec.MsgspecError) as error:
        raise ValueError(f"{path}: {error}") from error


class AddressLookup:
    """Facts about a raw address: its network, and its country if the operator imported a table.

    Called for every new visitor; looks for new lists once a minute.
    """

    def __init__(self, folder: Path, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._stamp: tuple[tuple[str, int], ...] | None = None
        self._looked_at = 0
        self._networks = Networks(BUNDLED)
        self._countries: Countries | None = None

    def __call__(self, address: str) -> Mapping[str, str]:
        """Facts for `Hit.facts`."""
        now = self._clock.now()
        if now - self._looked_at >= _LOOK_SECONDS * MICROS_PER_SECOND:
            self._looked_at = now
            self._look()
        facts = self._networks.facts(address)
        country = self._countries.find(address) if self._countries else ""
        return facts | {"country": country} if country else facts

    def _look(self) -> None:
        files = sorted(self._folder.glob("*.txt")) if self._folder.is_dir() else []
        table = self._folder / COUNTRIES
        try:
            stamp = tuple(
                (path.name, path.stat().st_mtime_ns) for path in (*files, *([table] if table.exists() else []))
            )
        except OSError:
            return  # being replaced this moment
        if stamp == self._stamp:
            return
        lists, problems = load_lists(self._folder)
        for problem in problems:
            _log.error("%s; the bundled list stays in use", problem)
        self._networks, self._stamp = Networks(lists), stamp
        try:
            self._countries = open_countries(self._folder)
        except ValueError as error:
            _log.error("%s; hits get no country", error)
