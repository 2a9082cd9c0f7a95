"""Rates with what they are rates of, and how far they may be from the truth."""

import math
from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import msgspec

_Z: Final = 1.959963984540054  # 95 % of a normal distribution lie within so many standard deviations
Standing = Literal["", "above", "below"]
"""Beside what is usual; empty: within it, or not known."""
LEAST_PAST: Final = 5
"""With fewer earlier values a normal range says nothing."""


class Rate(msgspec.Struct, frozen=True):
    """So many of so many, with the 95 % interval by Wilson's score (fractions from 0 to 1)."""

    count: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        """The fraction; 0.0 of nothing."""
        return self.count / self.of if self.of else 0.0


class NormalRange(msgspec.Struct, frozen=True):
    """Where earlier values were: the median, and the band that four of five were in."""

    median: float
    low: float
    high: float
    values: int
    """From how many."""


class Difference(NamedTuple):
    """How much higher one rate is than another, with its 95 % interval; fractions, below 0 where it is lower."""

    value: float
    low: float
    high: float


def rate_of(count: int, of: int) -> Rate:
    """`count` of `of` things (E. B. Wilson, 1927). Of nothing, anything may be true: 0 to 1."""
    if of <= 0:
        return Rate(count, 0, 0.0, 1.0)
    share, square = min(count / of, 1.0), _Z * _Z
    middle = share + square / (2 * of)
    half = _Z * math.sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = ((middle + sign * half) / (1 + square / of) for sign in (-1, 1))
    # At the ends rounding would leave 1e-18 of doubt in the wrong direction.
    return Rate(count, of, 0.0 if count <= 0 else max(low, 0.0), 1.0 if count >= of else min(high, 1.0))


def difference_of(one: Rate, other: Rate) -> Difference:
    """One rate less another, by the intervals of both (R. G. Newcombe, 1998, method 10)."""
    value = one.value - other.value
    low = math.hypot(one.value - one.low, other.high - other.value)
    high = math.hypot(one.high - one.value, other.value - other.low)
    return Difference(value, value - low, value + high)


def standing(rate: Rate, normal: NormalRange | None) -> Standing:
    """Where a rate is beside the usual band; out of it only with its whole interval, so that chance alone is not."""
    if normal is None or not rate.of:
        return ""
    return "above" if rate.low > normal.high else "below" if rate.high < normal.low else ""


def normal_range(values: Sequence[float]) -> NormalRange | None:
    """Median and 80 % band of earlier values; None when there are fewer than `LEAST_PAST`."""
    if len(values) < LEAST_PAST:
        return None
    ordered = sorted(values)
    low, median, high = (_quantile(ordered, share) for share in (0.1, 0.5, 0.9))
    return NormalRange(median, low, high, len(ordered))


def _quantile(ordered: Sequence[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)
