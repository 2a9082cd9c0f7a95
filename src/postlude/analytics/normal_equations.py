"""Least squares of many columns that are mostly absent: the equations, their solution and its uncertainty."""

import math
from collections.abc import Iterable, Sequence
from operator import mul
from typing import Final, NamedTuple

_SMALLEST: Final = 1e-12


class WeightedRow(NamedTuple):
    """One row: the columns that hold a 1, the others hold 0."""

    columns: Sequence[int]
    weight: float
    value: float


class NormalEquations:
    """Ridge regression; each column is drawn to 0 as firmly as its penalty says (1 over the prior's variance)."""

    def __init__(self, rows: Iterable[WeightedRow], penalties: Sequence[float]) -> None:
        size = len(penalties)
        matrix = [[0.0] * (one + 1) for one in range(size)]
        right = [0.0] * size
        for columns, weight, value in rows:
            ordered = sorted(columns)
            for place, column in enumerate(ordered):
                row = matrix[column]
                for other in ordered[: place + 1]:
                    row[other] += weight
                right[column] += weight * value
        for column, penalty in enumerate(penalties):
            matrix[column][column] += penalty
        self._lower = _cholesky(matrix)
        self.solution = self._solve(right)
        """The value of each column."""

    def variance(self, contrast: Sequence[float]) -> float:
        """Of the sum of the columns' values, each times its number in `contrast`; the rows' noise is 1."""
        return math.fsum(part * part for part in self._forward(contrast))

    def _solve(self, right: Sequence[float]) -> list[float]:
        half = self._forward(right)
        found = [0.0] * len(half)
        for column in reversed(range(len(half))):
            row = self._lower[column]
            value = found[column] = half[column] / row[column]
            for other in range(column):
                half[other] -= row[other] * value
        return found

    def _forward(self, right: Sequence[float]) -> list[float]:
        half: list[float] = []
        for row, value in zip(self._lower, right, strict=True):
            half.append((value - sum(map(mul, row, half))) / row[len(half)])
        return half


def _cholesky(matrix: list[list[float]]) -> list[list[float]]:
    lower: list[list[float]] = []
    for number, row in enumerate(matrix):
        done: list[float] = []
        for column in range(number):
            above = lower[column]
            done.append((row[column] - sum(map(mul, done, above))) / above[column])
        done.append(math.sqrt(max(row[number] - sum(map(mul, done, done)), _SMALLEST)))
        lower.append(done)
    return lower
