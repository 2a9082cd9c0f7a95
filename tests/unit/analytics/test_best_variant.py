import random

import pytest

from postlude.analytics import TriedVariant, judge_variants


def _drawn(variants: list[TriedVariant], rounds: int = 40_000) -> dict[str, float]:
    """By drawing rates, as a slow and obviously right way."""
    draw = random.Random(5)
    wins = dict.fromkeys((one.name for one in variants), 0)
    for _ in range(rounds):
        rates = {
            one.name: draw.betavariate(1 + one.people, 1 + one.delivered - one.people)  # as `judge_variants` begins
            for one in variants
        }
        wins[max(rates, key=lambda name: rates[name])] += 1
    return {name: count / rounds for name, count in wins.items()}


@pytest.mark.parametrize(
    "variants",
    [
        [TriedVariant("A", 30, 1000), TriedVariant("B", 40, 1000)],
        [TriedVariant("A", 0, 0), TriedVariant("B", 1, 3)],
        [TriedVariant("A", 300, 1000), TriedVariant("B", 310, 1000), TriedVariant("C", 250, 900)],
        [TriedVariant("A", 3000, 30000), TriedVariant("B", 3100, 30000)],
        [TriedVariant("A", 5, 5), TriedVariant("B", 0, 5)],
    ],
)
def test_the_probability_is_what_drawing_finds(variants: list[TriedVariant]) -> None:
    found, drawn = judge_variants(variants).probabilities, _drawn(variants)
    for name, share in drawn.items():
        assert found[name] == pytest.approx(share, abs=0.012)
    assert sum(found.values()) == pytest.approx(1.0)


def test_a_winner_needs_recipients_and_probability() -> None:
    assert judge_variants([TriedVariant("A", 50, 1000), TriedVariant("B", 90, 1000)]).decided
    assert not judge_variants([TriedVariant("A", 5, 499), TriedVariant("B", 90, 1000)]).decided
    assert not judge_variants([TriedVariant("A", 50, 1000), TriedVariant("B", 52, 1000)]).decided
    assert judge_variants([TriedVariant("A", 5, 100), TriedVariant("B", 40, 100)], recipients=100).decided


def test_of_equals_the_first_is_named() -> None:
    found = judge_variants([TriedVariant("A", 50, 1000), TriedVariant("B", 50, 1000)])
    assert found.best == "A"
    assert not found.decided


def test_one_variant_is_no_test() -> None:
    assert judge_variants([TriedVariant("A", 500, 1000)]).probabilities == {"A": 1.0}
    assert not judge_variants([TriedVariant("A", 500, 1000)]).decided
