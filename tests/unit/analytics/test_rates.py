import random

import pytest

from postlude.analytics import NormalRange, difference_of, normal_range, rate_of, standing


@pytest.mark.parametrize(
    ("count", "of", "low", "high"),
    # Newcombe (1998), table I: Wilson's interval without continuity correction.
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_the_interval_is_the_published_one(count: int, of: int, low: float, high: float) -> None:
    rate = rate_of(count, of)
    assert rate.low == pytest.approx(low, abs=5e-5)
    assert rate.high == pytest.approx(high, abs=5e-5)


def test_all_and_none_have_a_closed_end() -> None:
    assert rate_of(20, 20).high == 1.0
    assert rate_of(0, 20).low == 0.0
    assert rate_of(20, 20).low < 1.0


def test_of_nothing_nothing_is_known() -> None:
    assert rate_of(0, 0).low == 0.0
    assert rate_of(0, 0).high == 1.0
    assert rate_of(0, 0).value == 0.0


def test_the_interval_holds_the_truth_nineteen_times_of_twenty() -> None:
    draw = random.Random(4)
    held = 0
    for _ in range(2000):
        seen = rate_of(sum(draw.random() < 0.05 for _ in range(200)), 200)
        held += seen.low <= 0.05 <= seen.high
    assert 0.93 < held / 2000 < 0.975


def test_a_normal_range_needs_five_values() -> None:
    assert normal_range([0.1, 0.2, 0.3, 0.4]) is None
    found = normal_range([0.3, 0.1, 0.2, 0.5, 0.4])
    assert found is not None
    assert found.median == pytest.approx(0.3)
    assert found.low == pytest.approx(0.14)
    assert found.high == pytest.approx(0.46)
    assert found.values == 5


@pytest.mark.parametrize(
    ("one", "other", "low", "high"),
    # Newcombe (1998), "Interval estimation for the difference", table II, method 10.
    [((56, 70), (48, 80), 0.0524, 0.3339), ((9, 10), (3, 10), 0.1705, 0.8090), ((5, 56), (0, 29), -0.0381, 0.1926)],
)
def test_the_interval_of_a_difference_is_the_published_one(
    one: tuple[int, int], other: tuple[int, int], low: float, high: float
) -> None:
    found = difference_of(rate_of(*one), rate_of(*other))
    assert found.low == pytest.approx(low, abs=5e-5)
    assert found.high == pytest.approx(high, abs=5e-5)


@pytest.mark.parametrize(
    ("count", "of", "stands"), [(300, 1000, "above"), (30, 1000, "below"), (200, 1000, ""), (3, 10, ""), (0, 0, "")]
)
def test_a_rate_stands_outside_only_with_its_whole_interval(count: int, of: int, stands: str) -> None:
    assert standing(rate_of(count, of), NormalRange(0.2, 0.15, 0.25, 9)) == stands


def test_without_a_range_nothing_is_unusual() -> None:
    assert standing(rate_of(300, 1000), None) == ""
