"""Habits of the filters that follow links before a person sees them, or when one clicks.

Each habit was reported for a real product or in a mailing's log: sweeps begin at once or after 20 to 60 seconds and
take all links within a second; some ask with HEAD first, some run scripts and load the images, some come from two
networks, some follow a single link, some try it with changed letters, and one service looks at the mail of many
companies from one address.
"""

from collections.abc import Callable, Iterator
from random import Random
from typing import Final, NamedTuple

from postlude.population.programs import (
    LIBRARIES,
    NAMED_GATEWAYS,
    Program,
    bare_program,
    plain_browser,
    provider_address,
    unlisted_address,
)

PIXEL: Final = -1
UNSUBSCRIBE: Final = -2
"""In place of a link's number."""


class FilterStep(NamedTuple):
    """One request of a filter."""

    after: float
    """Seconds after delivery."""
    link: int
    """A link's number, PIXEL or UNSUBSCRIBE."""
    program: Program
    method: str = "GET"
    damaged: bool = False
    """Whether it changes the letters of what the link carries."""


Habit = Callable[[int, Random], Iterator[FilterStep]]


class Filter(NamedTuple):
    """What a filter does with a mail that has so many links."""

    on_delivery: Habit
    on_click: Callable[[Random], Program] | None = None
    """Who looks at a link's destination in the moment a person follows it."""


def _disguised(address: str, chance: Random) -> Program:
    return Program(plain_browser(chance), address)


def _sweep(
    links: int, chance: Random, begins: float, program: Program, *, lasts: float, pages: bool = False
) -> Iterator[FilterStep]:
    """All links, in `lasts` seconds; the unsubscribe page with them when it takes `pages`."""
    targets = [*range(links), *([UNSUBSCRIBE] if pages else [])]
    for target in targets:
        yield FilterStep(begins + chance.random() * lasts, target, program)


def _provider(name: str, first: float, last: float) -> Habit:
    def habit(links: int, chance: Random) -> Iterator[FilterStep]:
        program = _disguised(provider_address(name, chance), chance)
        yield from _sweep(links, chance, chance.uniform(first, last), program, lasts=2.0)

    return habit


def _mimecast(links: int, chance: Random) -> Iterator[FilterStep]:
    program = _disguised(provider_address("mimecast", chance), chance)
    for link in chance.sample(range(links), min(2, links)):
        yield FilterStep(chance.uniform(3, 40), link, program)


def _named(links: int, chance: Random) -> Iterator[FilterStep]:
    program = bare_program(chance.choice(NAMED_GATEWAYS), unlisted_address(chance))
    yield from _sweep(links, chance, chance.uniform(1, 30), program, lasts=3.0)


def _library(links: int, chance: Random) -> Iterator[FilterStep]:
    program = bare_program(chance.choice(LIBRARIES), unlisted_address(chance))
    yield from _sweep(links, chance, chance.uniform(1, 30), program, lasts=1.0)


def _at_once(links: int, chance: Random) -> Iterator[FilterStep]:
    program = _disguised(unlisted_address(chance), chance)
    yield from _sweep(links, chance, chance.uniform(0.4, 3), program, lasts=0.8, pages=chance.random() < 0.5)  # noqa: PLR2004


def _later(links: int, chance: Random) -> Iterator[FilterStep]:
    program = _disguised(unlisted_address(chance), chance)
    yield from _sweep(links, chance, chance.uniform(20, 60), program, lasts=0.9, pages=chance.random() < 0.5)  # noqa: PLR2004


def _head_first(links: int, chance: Random) -> Iterator[FilterStep]:
    program = _disguised(unlisted_address(chance), chance)
    at = chance.uniform(5, 50)
    for link in range(links):
        at += chance.uniform(0.3, 0.9)
        yield FilterStep(at, link, program, "HEAD")
        yield FilterStep(at + 0.15, link, program)


def _with_scripts(links: int, chance: Random) -> Iterator[FilterStep]:
    program = _disguised(unlisted_address(chance), chance)
    at = chance.uniform(5, 60)
    yield FilterStep(at, PIXEL, program.for_images())
    for link in range(links):
        at += chance.uniform(0.3, 1.6)
        yield FilterStep(at, link, program)


def _two_networks(links: int, chance: Random) -> Iterator[FilterStep]:
    begins = chance.uniform(2, 40)
    for start in (begins, begins + chance.uniform(3, 60)):
        program = _disguised(unlisted_address(chance), chance)
        yield from _sweep(links, chance, start, program, lasts=2.5)


def _one_link(links: int, chance: Random) -> Iterator[FilterStep]:
    if links:
        yield FilterStep(chance.uniform(20, 60), 0, _disguised(unlisted_address(chance), chance))


def _turning_alphabet(links: int, chance: Random) -> Iterator[FilterStep]:
    if links:
        link, at = chance.randrange(links), chance.uniform(5, 60)
        program = _disguised(unlisted_address(chance), chance)
        yield FilterStep(at, link, program, damaged=True)
        yield FilterStep(at + chance.uniform(0.2, 3), link, program)


_SERVICE: Final = Program(plain_browser(Random(1)), "198.18.77.5")  # noqa: S311 - a model, no secret


def _one_address(links: int, chance: Random) -> Iterator[FilterStep]:
    """One service for many companies, always from the same machine, that looks at one link or two."""
    for link in chance.sample(range(links), min(links, chance.choice((1, 2)))):
        yield FilterStep(chance.uniform(5, 60), link, _SERVICE)


def _nothing(_links: int, _chance: Random) -> Iterator[FilterStep]:
    yield from ()


def _safe_links(chance: Random) -> Program:
    return _disguised(provider_address("microsoft", chance), chance)


FILTERS: Final = {
    "": Filter(_nothing),
    "microsoft": Filter(_provider("microsoft", 1, 12), _safe_links),
    "barracuda": Filter(_provider("barracuda", 0.5, 6)),
    "proofpoint": Filter(_provider("proofpoint", 5, 90)),
    "mimecast": Filter(_mimecast),
    "named": Filter(_named),
    "library": Filter(_library),
    "at-once": Filter(_at_once),
    "later": Filter(_later),
    "head-first": Filter(_head_first),
    "with-scripts": Filter(_with_scripts),
    "two-networks": Filter(_two_networks),
    "one-link": Filter(_one_link),
    "changing-letters": Filter(_turning_alphabet),
    "one-address": Filter(_one_address),
}

FILTER_SHARES: Final = {
    "": 42,
    "microsoft": 14,
    "barracuda": 6,
    "proofpoint": 7,
    "mimecast": 3,
    "named": 4,
    "library": 4,
    "at-once": 4,
    "later": 5,
    "head-first": 3,
    "with-scripts": 2,
    "two-networks": 2,
    "one-link": 1,
    "changing-letters": 1,
    "one-address": 2,
}
"""Companies of a hundred with each habit."""
