"""Who gets the mail: what they read it with, where, how willingly, and which filter stands before them."""

from random import Random
from typing import Final, NamedTuple

from postlude.population.filters import FILTER_SHARES
from postlude.population.programs import (
    home_address,
    mobile_address,
    office_address,
)

READINGS: Final = {
    "apple-privacy": 24,  # Apple Mail with Mail Privacy Protection
    "gmail": 24,  # web and app, through Google's image proxy
    "outlook-desktop": 12,
    "outlook-web": 10,
    "webmail": 8,
    "thunderbird": 7,
    "mobile-app": 6,
    "yahoo": 5,
    "images-blocked": 4,
}
"""What mail is read with, and how many of a hundred do so."""

_CONSUMER: Final = {
    "apple-privacy": "icloud.example",
    "gmail": "gmail.example",
    "yahoo": "yahoo.example",
    "outlook-web": "outlook.example",
}
_AT_WORK: Final = {"outlook-desktop": 0.85, "gmail": 0.15, "apple-privacy": 0.15, "yahoo": 0.0, "outlook-web": 0.5}
_ELSE_AT_WORK: Final = 0.3
_LARGEST: Final = 40  # recipients at one company
_QUICK, _TABS, _FORWARDS, _ON_THE_WAY = 0.05, 0.01, 0.015, 0.4


class Company(NamedTuple):
    """Where some of the readers work."""

    domain: str
    address: str
    """Of the office: all who are in it come from there."""
    filter: str
    """Its habit, by the name in `FILTERS`; empty: none that follows links."""


class Reader(NamedTuple):
    """One recipient."""

    number: int
    address: str
    """Their mail address."""
    reading: str
    """What they read with, by the name in `READINGS`."""
    line: str
    """The IP address they come from with a computer."""
    mobile: str
    """The IP address they come from with a telephone; empty: they have none at hand."""
    filter: str
    interest: float
    """How willingly they open, about 0 to 3; 1 is usual."""
    quick: bool
    """Opens at once and clicks within seconds."""
    tabs: bool
    """Opens several links in tabs, one right after another."""
    forwards: bool
    seed: int

    @property
    def knowable(self) -> bool:
        """Whether their pixel says that they opened it."""
        return self.reading not in {"apple-privacy", "images-blocked"}


def draw_readers(count: int, seed: int, *, filtered: bool = True) -> list[Reader]:
    """The same readers for the same seed; without filters when they are not `filtered`."""
    chance = Random(f"readers {seed}")  # noqa: S311 - a model, no secret
    companies: list[Company] = []
    room = 0
    readers = []
    for number in range(count):
        reading = chance.choices(list(READINGS), list(READINGS.values()))[0]
        works = chance.random() < _AT_WORK.get(reading, _ELSE_AT_WORK)
        if works and not room:
            companies.append(_company(len(companies), chance))
            room = min(_LARGEST, int(chance.paretovariate(0.8)))
        company = companies[-1] if works else None
        room -= works
        domain = company.domain if company else _CONSUMER.get(reading, f"isp{chance.randrange(12)}.example")
        readers.append(
            Reader(
                number,
                f"reader{number}@{domain}",
                reading,
                company.address if company and chance.random() < 0.6 else home_address(chance),  # noqa: PLR2004 - in the office
                mobile_address(chance) if chance.random() < _ON_THE_WAY else "",
                company.filter if company and filtered else "",
                chance.gammavariate(1.6, 1 / 1.6),
                chance.random() < _QUICK,
                chance.random() < _TABS,
                chance.random() < _FORWARDS,
                chance.getrandbits(62),
            )
        )
    return readers


def _company(number: int, chance: Random) -> Company:
    habit = chance.choices(list(FILTER_SHARES), list(FILTER_SHARES.values()))[0]
    return Company(f"firm{number}.example", office_address(chance), habit)
