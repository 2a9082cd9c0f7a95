"""What one recipient does with one mailing: opens it or not, follows which links, answers, passes it on."""

from random import Random
from typing import Final, NamedTuple

from postlude.population.readers import Reader

_MOST: Final = 0.97  # no mailing is opened by all
_FIRST_LINKS: Final = 0.62  # each link is followed so much less than the one before it


class SimulatedMailing(NamedTuple):
    """A mailing, as far as its recipients' behaviour depends on it."""

    seed: int
    links: int = 5
    opens: float = 0.32
    """Share of readers of usual interest who open it."""
    clicks: float = 0.14
    """Share of those who opened it that follow a link."""
    replies: float = 0.02
    unknowable: float = 1.0
    """How much more readily those open it whose opening cannot be seen."""
    bounces: float = 0.015


class Fate(NamedTuple):
    """The truth about one copy."""

    bounced: bool = False
    opened: bool = False
    links: tuple[int, ...] = ()
    """The links they follow, in order."""
    replied: bool = False
    forwarded: bool = False
    friend_links: tuple[int, ...] = ()
    """The links that who it was forwarded to follows."""


def decide_fate(reader: Reader, mailing: SimulatedMailing) -> Fate:
    """The same for the same reader and mailing."""
    chance = Random(f"{mailing.seed} {reader.seed}")  # noqa: S311 - a model, no secret
    if chance.random() < mailing.bounces:
        return Fate(bounced=True)
    likely = mailing.opens * reader.interest * (1.0 if reader.knowable else mailing.unknowable)
    if chance.random() >= min(likely, _MOST):
        return Fate()
    links = _followed(mailing, chance, many=reader.tabs) if chance.random() < mailing.clicks else ()
    forwarded = reader.forwards and chance.random() < 0.5  # noqa: PLR2004 - every second mailing
    friend = _followed(mailing, chance) if forwarded and chance.random() < 2 * mailing.clicks else ()
    return Fate(
        opened=True,
        links=links,
        replied=chance.random() < mailing.replies,
        forwarded=forwarded,
        friend_links=friend,
    )


def _followed(mailing: SimulatedMailing, chance: Random, *, many: bool = False) -> tuple[int, ...]:
    if not mailing.links:
        return ()
    count = min(3, mailing.links) if many else 1 + (chance.random() < 0.18) + (chance.random() < 0.05)  # noqa: PLR2004 - a second, a third
    weights = [_FIRST_LINKS**position for position in range(mailing.links)]
    return tuple(dict.fromkeys(chance.choices(range(mailing.links), weights, k=count)))
