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
    CLICK,
    DAMAGED,
    HEAD,
    LATE,
    LEAVING,
    OPEN,
    PAGE,
    PLAIN,
    PROXIED,
    PROXIED_HUMAN,
    SHARED,
    SUSPECTED,
    UNKNOWN,
)
from postlude.model.words import Verdict
from support.sightings import seen, verdict

H, M, S, U = Verdict.HUMAN, Verdict.MACHINE, Verdict.MACHINE_SUSPECTED, Verdict.UNKNOWN
P = Verdict.HUMAN_PROXIED
WITHOUT = WindowSettings()
LINKS = 7  # of the message


def proxied(seconds: float, *, visitor: int = 1, program: int = 1) -> Sighting:
    marks, sure = PROXIED, Confidence.HIGH
    return seen(seconds, OPEN, marks=marks, base=PROXIED_HUMAN, sure=sure, visitor=visitor, network=program)


def sweep(links: int, *, every: float = 0.1, start: float = 43.0, late: bool = False) -> list[Sighting]:
    return [seen(start + n * every, link=n, marks=PLAIN | LATE if late else PLAIN) for n in range(links)]


def by_apple(seconds: float, sure: Confidence = Confidence.HIGH) -> Sighting:
    return seen(seconds, OPEN, marks=0, base=UNKNOWN, sure=sure, visitor=9)


def mail_program(seconds: float) -> Sighting:
    return seen(seconds, OPEN, marks=0, sure=Confidence.HIGH, visitor=8)


def damaged(seconds: float, *, visitor: int = 1) -> Sighting:
    return seen(seconds, PAGE, marks=PLAIN | DAMAGED, visitor=visitor)


def shared(seconds: float, kind: int = CLICK) -> Sighting:
    return seen(seconds, kind, marks=PLAIN | SHARED)


DOUBTFUL_OPEN = seen(0, OPEN, base=UNKNOWN, marks=0)

SPEAKS: dict[str, list[tuple[list[Sighting], list[Verdict]]]] = {
    "sweep": [
        (sweep(3), [S] * 3),
        (sweep(5), [M] * 5),
        ([seen(42, OPEN), *sweep(5)], [M] * 6),  # the image that the same visitor loaded beside
        ([*sweep(5), seen(90, PAGE, marks=LEAVING, visitor=2)], [M] * 5 + [H]),
        ([*sweep(9), seen(4000, link=2)], [M] * 9 + [H]),  # the person came later
        (sweep(3, every=1.0), [S] * 3),  # slowly, and near delivery
        (sweep(3, late=True), [S] * 3),  # late, and faster than a hand
        (sweep(5, every=1.0, late=True), [M] * 5),  # too many for a person's tabs
        ([seen(43 + n / 10, link=n, visitor=n + 1) for n in range(6)], [M] * 6),  # from an address for each link
        ([seen(42.5, OPEN), *sweep(3, every=1.0)], [S] * 4),  # the image, and at once the links
        ([by_apple(42.5), *sweep(3, every=1.0)], [U, S, S, S]),
        ([by_apple(30, Confidence.MEDIUM), *sweep(3, every=1.0)], [U, S, S, S]),  # a program without a name
        ([by_apple(30), *sweep(3)], [U, S, S, S]),  # faster than a hand
        ([mail_program(30), *sweep(3)], [H, S, S, S]),
        ([*sweep(2, every=1.0), mail_program(44.5), seen(45, link=2)], [S, S, H, S]),  # opened in between
        ([by_apple(30), *sweep(5, every=1.0)], [U, *[M] * 5]),  # too many
    ],
    "many-networks": [([seen(n * 40, OPEN, network=n + 1) for n in range(3)], [M] * 3)],
    "head-first": [([seen(1, marks=HEAD, base=4, sure=Confidence.CERTAIN), seen(1.2)], [M, S])],
    "damaged-link": [
        ([damaged(1), seen(1.8)], [S, S]),
        ([seen(1), damaged(9)], [S, S]),
    ],
    "one-address": [([shared(1, OPEN), shared(2), seen(4000, visitor=2)], [S, S, H])],
    "beside-leaving": [([seen(1, link=1), seen(30, PAGE, marks=LEAVING)], [S, H])],
    "retry": [
        ([proxied(0), proxied(9), proxied(29), proxied(31)], [P, M, M, P]),
        ([proxied(0), proxied(1, visitor=2, program=2), proxied(2)], [P, P, M]),  # beside another provider's
    ],
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
        (sweep(4, every=0.5, late=True), [H] * 4),  # a person's tabs
        ([proxied(30, visitor=9), *sweep(3, every=1.0)], [P, H, H, H]),  # shown by a provider's proxy before
        ([mail_program(42), *sweep(3, every=1.0)], [H] * 4),  # read in a mail program
        ([by_apple(30), *sweep(3, every=1.0)], [H] * 4),  # in a mailbox that Apple loads images for
        ([*sweep(6), seen(45, link=2, visitor=8)], [M] * 6 + [H]),  # who clicks while another sweeps
        ([seen(30, OPEN), *sweep(3, every=1.0)], [H] * 4),  # in the program that had loaded the image before
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
    "damaged-link": [
        ([damaged(1), seen(12)], [H, H]),
        ([damaged(1, visitor=2), seen(1.8)], [H, H]),
        ([damaged(1)], [H]),  # a program that breaks URLs
    ],
    "one-address": [
        ([seen(1, OPEN), seen(2)], [H, H]),
        ([shared(1), seen(3, ACT, sure=Confidence.CERTAIN)], [H, H]),  # who pressed the button
    ],
    "beside-leaving": [
        ([seen(1, link=1), seen(62, PAGE, marks=LEAVING)], [H, H]),
        ([seen(1, link=1), *(seen(20, k, marks=m, visitor=2) for k, m in ((CLICK, 0), (PAGE, LEAVING)))], [H, S, H]),
        ([seen(1, link=1), seen(30, PAGE, marks=LEAVING), seen(33, ACT, sure=Confidence.CERTAIN)], [H, H, H]),
    ],
    "retry": [([proxied(0), proxied(31)], [P, P]), ([seen(0, OPEN), seen(5, OPEN)], [H, H])],
    "proxy-repeat": [
        ([proxied(0), proxied(31, visitor=2)], [P, P]),
        ([proxied(0), proxied(1, visitor=2, program=2)], [P, P]),  # two providers
    ],
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
    return [verdict(one.verdict) for one in reconsider(window, WITHOUT, LINKS)]


@pytest.mark.parametrize(("rule", "window", "wanted"), [(r, w, v) for r, some in SPEAKS.items() for w, v in some])
def test_a_rule_speaks(rule: str, window: list[Sighting], wanted: list[Verdict]) -> None:
    assert _verdicts(window) == wanted
    assert any(rule in one.reasons for one in reconsider(window, WITHOUT, LINKS))


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
