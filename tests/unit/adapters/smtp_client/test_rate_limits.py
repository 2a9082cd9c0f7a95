from hypothesis import given
from hypothesis import strategies as st

from postlude.adapters.smtp_client.rate_limits import Budget, Gate, RateLimits, forecast

SECOND = 1_000_000
HOUR = 3600 * SECOND
DAY = 24 * HOUR
START = 1_800_000_000 * SECOND


def test_a_rate_gives_evenly_spaced_places() -> None:
    budget = Budget("x", RateLimits(per_second=4))
    assert [budget.take(START) - START for _ in range(3)] == [0, SECOND // 4, SECOND // 2]
    assert budget.next(START).at == START + 3 * SECOND // 4
    assert budget.next(START + DAY).at == START + DAY


def test_after_the_daily_limit_the_next_place_is_a_day_later_and_says_why() -> None:
    budget = Budget("gmail", RateLimits(per_day=3))
    for number in range(3):
        assert budget.next(START + number * HOUR).at == START + number * HOUR
        budget.take(START + number * HOUR)
    slot = budget.next(START + 3 * HOUR)
    assert DAY <= slot.at - START <= DAY + HOUR // 10
    assert slot.why == "gmail takes 3 copies a day"
    assert budget.next(slot.at).at == slot.at


def test_a_place_that_was_not_used_is_given_back() -> None:
    budget = Budget("x", RateLimits(per_hour=1))
    budget.take(START)
    assert budget.next(START).at > START
    budget.refund(START // (HOUR // 10))
    assert budget.next(START).at == START


def test_a_warm_up_allows_more_every_day_and_then_what_the_server_takes() -> None:
    limits = RateLimits(per_day=1000, warm_up=(50, 100, 5000), warm_up_from=START)
    assert [limits.daily(START + day * DAY) for day in (-3, 0, 1, 2, 3)] == [50, 50, 100, 1000, 1000]
    assert RateLimits(warm_up=(50,), warm_up_from=START).daily(START + 2 * DAY) == 0


@given(st.lists(st.integers(0, 3 * 3600), max_size=200), st.integers(1, 20))
def test_no_window_ever_holds_more_than_the_limit(pauses: list[int], limit: int) -> None:
    budget, now, sent = Budget("x", RateLimits(per_hour=limit)), START, []
    for pause in pauses:
        now += pause * SECOND // 10
        if budget.next(now).at <= now:
            budget.take(now)
            sent.append(now)
    for index, at in enumerate(sent):
        assert sum(at <= other < at + HOUR for other in sent[index:]) <= limit


def test_a_mailing_through_gmail_is_spread_over_days_and_says_so() -> None:
    budget = Budget("gmail", RateLimits(per_day=500))
    for _ in range(200):
        budget.take(START)
    seconds, text = forecast([budget], 2000, START)
    assert seconds == 4 * 86_400
    assert text.startswith(
        "gmail takes 500 copies a day: 2,000 copies are spread over 5 days, the last ones leave about"
    )
    assert forecast([budget], 300, START) == (0.0, "300 copies are within what gmail takes a day (500).")


def test_a_server_without_a_daily_limit_needs_no_forecast() -> None:
    assert forecast([Budget("a", RateLimits(per_day=5)), Budget("b", RateLimits())], 1000, START) == (0.0, "")


def test_a_clock_set_back_delays_nothing_where_no_rate_is_set() -> None:
    budget = Budget("x", RateLimits())
    budget.take(START)
    assert budget.next(START - 2 * DAY).at == START - 2 * DAY


def test_a_clock_set_back_delays_a_rate_by_no_more_than_its_pace() -> None:
    budget = Budget("x", RateLimits(per_second=4))
    budget.take(START)
    assert budget.next(START - 2 * HOUR).at == START - 2 * HOUR + SECOND // 4


def test_what_was_counted_ahead_of_the_clock_refuses_nobody() -> None:
    budget = Budget("x", RateLimits(per_hour=1))
    budget.take(START + 2 * DAY)
    assert budget.next(START).at == START


def test_a_destinations_rate_survives_a_clock_that_is_set_back() -> None:
    gate = Gate(0, 2.0)
    gate.take(START)
    assert gate.next(START - DAY) == START - DAY + SECOND // 2
