"""The estimate of hidden opens, by its properties."""

import math

import pytest

from postlude.analytics import OpenCounts, OpenEstimate, PastResponses, estimate_opens


def counts(**changed: object) -> OpenCounts:
    usual = {
        "knowable": 3_000,
        "opened": 900,
        "responded": 150,
        "unknowable": 2_000,
        "unknowable_opened": 100,
        "unknowable_responded": 100,
    }
    return OpenCounts(**{**usual, **changed})  # type: ignore[arg-type]


def estimate(**changed: object) -> OpenEstimate:
    found = estimate_opens(counts(**changed))
    assert found is not None
    return found


def test_people_who_respond_alike_open_alike() -> None:
    assert estimate().opened == pytest.approx(600, rel=0.05)


def test_more_responses_mean_more_opens_but_not_in_full() -> None:
    more = estimate(unknowable_responded=140, unknowable_opened=140)
    assert 660 < more.opened < 840


def test_fewer_responses_mean_fewer_opens() -> None:
    assert estimate(unknowable_responded=60, unknowable_opened=60).opened < 520


def test_without_responses_it_stays_near_the_rate_of_the_others() -> None:
    few = estimate(responded=0, unknowable_responded=0, unknowable_opened=0)
    assert few.opened == pytest.approx(600, rel=0.1)
    assert few.high - few.low > estimate().high - estimate().low


def test_the_interval_holds_the_estimate_and_what_is_certain() -> None:
    found = estimate(unknowable=120, unknowable_opened=110, unknowable_responded=100)
    assert 110 <= found.low <= found.opened <= found.high <= 120


@pytest.mark.parametrize(("answered", "more"), [(1_300, True), (700, False)])
def test_the_past_of_the_same_people_moves_it_where_few_responded(answered: int, more: bool) -> None:
    few = {"responded": 2, "unknowable_responded": 1, "unknowable_opened": 1}
    found = estimate(
        **few,
        past_knowable=PastResponses(copies=3_000, delivered=30_000, responded=1_500, opened=9_000),
        past_unknowable=PastResponses(copies=2_000, delivered=20_000, responded=answered, opened=answered),
    )
    assert (found.opened > estimate(**few).opened) is more
    assert abs(found.opened - estimate(**few).opened) > 10


def test_nothing_is_estimated_from_too_little() -> None:
    assert estimate_opens(counts(knowable=19, opened=5, responded=1)) is None
    assert estimate_opens(counts(unknowable=0, unknowable_opened=0, unknowable_responded=0)) is None


@pytest.mark.parametrize("rate", [0, 3_000])
def test_extremes_are_estimated_too(rate: int) -> None:
    found = estimate(opened=rate, responded=min(rate, 150))
    assert not math.isnan(found.opened)
    assert 100 <= found.low <= found.high <= 2_000


def test_all_may_have_responded() -> None:
    found = estimate(unknowable=50, unknowable_opened=50, unknowable_responded=50)
    assert found.opened == found.low == found.high == 50
