"""Ridge regression by its normal equations."""

import random

import pytest

from postlude.analytics.normal_equations import NormalEquations, WeightedRow


def test_columns_add_up() -> None:
    rows = [WeightedRow((0,), 1, 1.0), WeightedRow((0, 1), 1, 3.0), WeightedRow((0, 2), 1, -4.0)]
    assert NormalEquations(rows, [1e-9] * 3).solution == pytest.approx([1, 2, -5], abs=1e-6)


def test_a_penalty_draws_to_nothing() -> None:
    rows = [WeightedRow((0,), 4, 1.0)]
    assert NormalEquations(rows, [4.0]).solution == pytest.approx([0.5])


def test_the_variance_is_that_of_the_mean() -> None:
    rows = [WeightedRow((0,), 1, float(number)) for number in range(25)]
    assert NormalEquations(rows, [0.0]).variance([1.0]) == pytest.approx(1 / 25)


def test_of_a_difference_both_sides_count() -> None:
    chance = random.Random(1)
    rows = [WeightedRow((number % 2,), 1, chance.random()) for number in range(40)]
    assert NormalEquations(rows, [0.0, 0.0]).variance([1.0, -1.0]) == pytest.approx(2 / 20)


def test_columns_that_say_the_same_are_solved_with_a_penalty() -> None:
    rows = [WeightedRow((0, 1), 1, 2.0)] * 10
    assert NormalEquations(rows, [0.1, 0.1]).solution == pytest.approx([0.995, 0.995], abs=0.01)
