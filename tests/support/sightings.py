"""Hits for windows, made shortly."""

from typing import Final

from postlude.classify import Confidence, Sighting, pack_sighting
from postlude.classify.sighting import CLICK, HUMAN, NUMBER_OF, PLAIN, VERDICTS
from postlude.model.words import Verdict

S: Final = 1_000_000
NOON: Final = 1_700_000_000 * S


def seen(
    seconds: float,
    kind: int = CLICK,
    *,
    marks: int = PLAIN,
    link: int = 0,
    base: int = HUMAN,
    sure: Confidence = Confidence.MEDIUM,
    network: int = 1,
    visitor: int = 1,
    number: int = 0,
) -> Sighting:
    at = NOON + round(seconds * S)
    code = kind | base << 3 | sure << 6 | marks
    position = link if kind == CLICK else -1
    return Sighting(at, number or round(seconds * 1000) + 1, code, position, network, visitor, base)


def packed(*hits: Sighting) -> list[bytes]:
    return [pack_sighting(*hit) for hit in hits]


def verdict(number: int) -> Verdict:
    return VERDICTS[number]


def number_of(verdict: Verdict) -> int:
    return NUMBER_OF[verdict]
