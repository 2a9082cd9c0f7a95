"""How probable it is that each variant of a test is the best one.

Each variant's true rate has a Beta distribution: of all rates equally likely before, by what was counted. The
probability to be best is the integral of one's density times the chance that every other is lower.
"""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import Final, NamedTuple

LEAST_RECIPIENTS: Final = 500
"""Of each variant, before a winner is named."""
LEAST_PROBABILITY: Final = 0.9
_STEPS: Final = 2000
_WIDTH: Final = 8.0  # standard deviations that the grid covers on both sides


class TriedVariant(NamedTuple):
    """What became of one variant."""

    name: str
    people: int
    """Who did what the test is about."""
    delivered: int


class VariantVerdict(NamedTuple):
    """What a test says."""

    best: str
    """The name of the variant with the highest probability; the first of equals."""
    decided: bool
    """Whether there are enough recipients and it is probable enough."""
    probabilities: dict[str, float]


def judge_variants(
    variants: Sequence[TriedVariant], recipients: int = LEAST_RECIPIENTS, probability: float = LEAST_PROBABILITY
) -> VariantVerdict:
    """The probabilities, and whether they decide it. `variants` must not be empty."""
    found = dict(zip((one.name for one in variants), _probabilities(variants), strict=True))
    best = max(found, key=lambda name: found[name])
    enough = all(one.delivered >= recipients for one in variants)
    return VariantVerdict(best, len(variants) > 1 and enough and found[best] >= probability, found)


def _probabilities(variants: Sequence[TriedVariant]) -> list[float]:
    if len(variants) == 1:
        return [1.0]
    shapes = [(1.0 + min(one.people, one.delivered), 1.0 + max(one.delivered - one.people, 0)) for one in variants]
    low = max(min(_mean(shape) - _WIDTH * _spread(shape) for shape in shapes), 0.0)
    high = min(max(_mean(shape) + _WIDTH * _spread(shape) for shape in shapes), 1.0)
    grid = [low + (high - low) * (step + 0.5) / _STEPS for step in range(_STEPS)]
    densities = [_density(shape, grid) for shape in shapes]
    below = [list(accumulate(density)) for density in densities]
    wins = []
    for number, density in enumerate(densities):
        total = 0.0
        for step, here in enumerate(density):
            if here > 0.0:
                rivals = (
                    sums[step] - 0.5 * densities[other][step] for other, sums in enumerate(below) if other != number
                )
                total += here * math.prod(rivals)
        wins.append(total)
    return [win / sum(wins) for win in wins]


def _mean(shape: tuple[float, float]) -> float:
    return shape[0] / (shape[0] + shape[1])


def _spread(shape: tuple[float, float]) -> float:
    total = shape[0] + shape[1]
    return math.sqrt(shape[0] * shape[1] / (total * total * (total + 1)))


def _density(shape: tuple[float, float], grid: Sequence[float]) -> list[float]:
    """The Beta density on the grid, of sum 1."""
    first, second = shape
    logs = [(first - 1) * math.log(x) + (second - 1) * math.log1p(-x) for x in grid]
    most = max(logs)
    values = [math.exp(one - most) for one in logs]
    total = sum(values)
    return [value / total for value in values]
