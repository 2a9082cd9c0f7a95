"""Effects of content: what is planted is found, what is none is not called sure, little is called little."""

import math

import pytest

from postlude.analytics.content_effects import ContentEffects, Effect, Trait, TriedMessage, effects_of
from support.content_world import PLANTED, draw_messages

SEEDS = range(3)
"""`bench/insight.py` has twenty."""


@pytest.fixture(scope="module")
def found() -> list[ContentEffects]:
    return [effects_of(draw_messages(seed)) for seed in SEEDS]


def _sure(one: ContentEffects, kind: str) -> list[Effect]:
    return [effect for effect in one.effects if effect.kind == kind and effect.certainty == "sure"]


def test_every_planted_effect_is_found_with_its_sign(found: list[ContentEffects]) -> None:
    for one in found:
        assert {effect.value: effect.odds > 1 for effect in _sure(one, "planted")} == {
            name: effect > 0 for name, effect in PLANTED.items()
        }


def test_of_effects_that_are_none_hardly_any_is_called_sure(found: list[ContentEffects]) -> None:
    assert sum(len(_sure(one, "nothing")) for one in found) / len(found) <= 1


def test_one_value_of_a_kind_is_told_against_the_others(found: list[ContentEffects]) -> None:
    for one in found:
        days = {effect.value: effect for effect in one.effects if effect.kind == "weekday"}
        assert days["Monday"].certainty == "sure"
        assert math.log(days["Monday"].odds) == pytest.approx(0.35, abs=0.12)
        assert days["Tuesday"].odds < 1


def test_intervals_hold_the_truth_as_often_as_they_promise(found: list[ContentEffects]) -> None:
    held = [
        math.log(effect.low) <= PLANTED.get(effect.value, 0) * (effect.kind == "planted") <= math.log(effect.high)
        for one in found
        for effect in one.effects
        if effect.kind in {"planted", "nothing"}
    ]
    assert sum(held) / len(held) >= 0.9


def test_it_is_told_how_much_messages_differ(found: list[ContentEffects]) -> None:
    assert [one.spread for one in found] == pytest.approx([0.3] * len(found), abs=0.08)


def test_keen_readers_are_not_taken_for_good_content() -> None:
    """All effect is of the group; the trait is more common there."""
    for seed in SEEDS:
        one = effects_of(draw_messages(seed, nothings=0, planted={"0": 0.0}))
        assert not _sure(one, "planted")


def test_a_large_message_alone_says_little() -> None:
    trait = Trait("topic", "Prize")
    few = [TriedMessage("a", frozenset({trait}), 90_000, 100_000)]
    rest = [TriedMessage("a", frozenset(), 50, 1_000) for _ in range(50)]
    (effect,) = effects_of(few + rest).effects
    assert effect.certainty == "little"
    assert effect.messages == 1
    assert effect.others == 50


def test_single_mails_count_together() -> None:
    question = Trait("subject", "question")
    mails = [TriedMessage("a", frozenset({question}), number % 2, 1) for number in range(300)]
    mails += [TriedMessage("a", frozenset(), int(number % 8 == 0), 1) for number in range(300)]
    (effect,) = effects_of(mails).effects
    assert effect.certainty == "sure"
    assert effect.odds > 3


@pytest.mark.parametrize(
    "tried",
    [
        [],
        [TriedMessage("a", frozenset({Trait("topic", "x")}), 0, 100)] * 40,
        [TriedMessage("a", frozenset({Trait("topic", "x")}), 100, 100)] * 40,
        [TriedMessage("a", frozenset({Trait("topic", "x")}), 3, 0)] * 40,
        [TriedMessage("a", frozenset({Trait("topic", "x")}), 1, 1)] * 7 + [TriedMessage("a", frozenset(), 1, 2)] * 40,
    ],
)
def test_of_nothing_or_all_nothing_is_told(tried: list[TriedMessage]) -> None:
    assert {effect.certainty for effect in effects_of(tried).effects} <= {"little"}


def test_more_traits_than_messages_are_too_many() -> None:
    one = effects_of(draw_messages(1, messages=60))
    told = [effect for effect in one.effects if effect.certainty != "little"]
    assert len(told) <= 20
    assert len(one.effects) > 100
