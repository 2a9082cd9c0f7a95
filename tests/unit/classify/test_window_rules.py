"""Every rule over several hits: where it speaks, and beside it where it must not."""

import pytest

from postlude.classify import (
    RULE_WORDS,
    RULES,
    WINDOW_RULES,
    Confidence,
    Sighting,
    WindowRule,
    WindowSettings,
    reconsider,
)
from postlude.classify.sighting import (
    ACT,
    HEAD,
    LEAVING,
    OPEN,
    PAGE,
    PROXIED,
    PROXIED_HUMAN,
    SUSPECTED,
    UNKNOWN,
)
from postlude.model.words import Verdict
from support.sightings import seen, verdict

H, M, S, U = Verdict.HUMAN, Verdict.MACHINE, Verdict.MACHINE_SUSPECTED, Verdict.UNKNOWN
P = Verdict.HUMAN_PROXIED
WITHOUT = WindowSettings()


def proxied(seconds: float, *, visitor: int = 1) -> Sighting:
    return seen(seconds, OPEN, marks=PROXIED, base=PROXIED_HUMAN, sure=Confidence.HIGH, visitor=visitor)


def sweep(links: int, *, every: float = 0.1, start: float = 43.0) -> list[Sighting]:
    return [seen(start + n * every, link=n) for n in range(links)]


DOUBTFUL_OPEN = seen(0, OPEN, base=UNKNOWN, marks=0)

SPEAKS: dict[str, list[tuple[list[Sighting], list[Verdict]]]] = {
    "sweep": [
        (sweep(3), [S] * 3),
        (sweep(5), [M] * 5),
        ([seen(42, OPEN), *sweep(5)], [M] * 6),  # the image that the same visitor loaded beside
        ([*sweep(5), seen(90, PAGE, marks=LEAVING, visitor=2)], [M] * 5 + [H]),
        ([*sweep(9), seen(4000, link=2)], [M] * 9 + [H]),  # the person came later
    ],
    "many-networks": [([seen(n * 40, OPEN, network=n + 1) for n in range(3)], [M] * 3)],
    "head-first": [([seen(1, marks=HEAD, base=4, sure=Confidence.CERTAIN), seen(1.2)], [M, S])],
    "beside-leaving": [([seen(1, link=1), seen(30, PAGE, marks=LEAVING)], [S, H])],
    "retry": [([proxied(0), proxied(9), proxied(29), proxied(31)], [P, M, M, P])],
    "proxy-repeat": [([proxied(0), proxied(1, visitor=2)], [P, S])],
    "later-click": [([seen(0, OPEN), seen(1200, base=SUSPECTED)], [H, H])],
    "confirmed": [
        ([DOUBTFUL_OPEN, seen(60)], [H, H]),
        ([DOUBTFUL_OPEN, seen(60, ACT, sure=Confidence.CERTAIN)], [H, H]),
    ],
}
SILENT: dict[str, list[tuple[list[Sighting], list[Verdict]]]] = {
    "sweep": [
        (sweep(2), [H] * 2),
        ([seen(n * 0.1, link=1) for n in range(9)], [H] * 9),  # one link many times
        (sweep(3, every=5.1), [H] * 3),
        ([seen(30, OPEN), *sweep(3, start=43)], [H, S, S, S]),  # an opening long before
        ([seen(42, OPEN, visitor=7), *sweep(3)], [H, S, S, S]),  # another visitor's
    ],
    "many-networks": [
        ([seen(n * 61, OPEN, network=n + 1) for n in range(3)], [H] * 3),
        ([seen(n, OPEN, network=n % 2 + 1) for n in range(9)], [H] * 9),
        ([seen(n, OPEN, network=n + 1, marks=0) for n in range(9)], [H] * 9),  # proxies, Apple's relay
        ([seen(n, OPEN, network=0) for n in range(9)], [H] * 9),  # addresses are not kept
    ],
    "head-first": [
        ([seen(1, marks=HEAD, base=4, sure=Confidence.CERTAIN), seen(12)], [M, H]),
        ([seen(1, marks=HEAD, base=4, sure=Confidence.CERTAIN), seen(1.2, visitor=2)], [M, H]),
    ],
    "beside-leaving": [
        ([seen(1, link=1), seen(62, PAGE, marks=LEAVING)], [H, H]),
        ([seen(1, link=1), seen(30, PAGE, marks=LEAVING), seen(33, ACT, sure=Confidence.CERTAIN)], [H, H, H]),
    ],
    "retry": [([proxied(0), proxied(31)], [P, P]), ([seen(0, OPEN), seen(5, OPEN)], [H, H])],
    "proxy-repeat": [([proxied(0), proxied(31, visitor=2)], [P, P])],
    "later-click": [
        ([seen(0, OPEN), seen(300, base=SUSPECTED)], [H, S]),
        ([seen(0, OPEN, visitor=2), seen(1200, base=SUSPECTED)], [H, S]),
        ([seen(0, OPEN), seen(1200, base=SUSPECTED), seen(1201, link=1, base=SUSPECTED)], [H, S, S]),
    ],
    "confirmed": [
        ([DOUBTFUL_OPEN, seen(700)], [U, H]),
        ([DOUBTFUL_OPEN, seen(60, base=SUSPECTED)], [U, S]),
        ([DOUBTFUL_OPEN, *sweep(5)], [U, *[M] * 5]),
    ],
}


def _verdicts(window: list[Sighting]) -> list[Verdict]:
    return [verdict(one.verdict) for one in reconsider(window, WITHOUT)]


@pytest.mark.parametrize(("rule", "window", "wanted"), [(r, w, v) for r, some in SPEAKS.items() for w, v in some])
def test_a_rule_speaks(rule: str, window: list[Sighting], wanted: list[Verdict]) -> None:
    assert _verdicts(window) == wanted
    assert any(rule in one.reasons for one in reconsider(window, WITHOUT))


@pytest.mark.parametrize(("rule", "window", "wanted"), [(r, w, v) for r, some in SILENT.items() for w, v in some])
def test_a_rule_is_silent_beside_its_case(rule: str, window: list[Sighting], wanted: list[Verdict]) -> None:
    assert _verdicts(window) == wanted, rule


@pytest.mark.parametrize("rule", WINDOW_RULES, ids=lambda rule: rule.id)
def test_every_rule_has_words_a_reason_and_cases_on_both_sides(rule: WindowRule) -> None:
    assert SPEAKS[rule.id]
    assert SILENT[rule.id]
    for text in (rule.words, rule.why, rule.errs):
        assert text.endswith(".")
    assert rule.source
    assert set(SPEAKS) == set(SILENT) == {one.id for one in WINDOW_RULES}


def test_no_rule_without_words_and_no_words_without_a_rule() -> None:
    assert set(RULE_WORDS) == {rule.id for rule in RULES} | {rule.id for rule in WINDOW_RULES}
