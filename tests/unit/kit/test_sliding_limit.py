"""At most so many acts in any window."""

from concurrent.futures import ThreadPoolExecutor

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.sliding_limit import SlidingLimit

SECOND = MICROS_PER_SECOND


def test_no_more_than_so_many_in_any_window() -> None:
    limit = SlidingLimit(3, 10, None)
    taken = [at for at in range(100) if limit.take("key", at * SECOND)]
    assert taken[:6] == [0, 1, 2, 10, 11, 12]
    assert all(sum(1 for other in taken if at <= other < at + 10) <= 3 for at in range(100))


def test_keys_do_not_share() -> None:
    limit = SlidingLimit(1, 10, None)
    assert limit.take("a", 0)
    assert limit.take("b", 0)
    assert not limit.take("a", 0)


def test_an_act_that_is_given_back_did_not_happen() -> None:
    limit = SlidingLimit(1, 10, None)
    assert limit.take("a", 5)
    limit.give_back("a", 5)
    assert limit.take("a", 6)


def test_acts_counted_before_the_clock_was_set_back_are_forgotten() -> None:
    limit = SlidingLimit(1, 10, None)
    assert limit.take("a", 1_000 * SECOND)
    assert limit.take("a", 5 * SECOND)


def test_of_too_many_keys_the_one_longest_silent_is_forgotten() -> None:
    limit = SlidingLimit(1, 10, 2)
    assert limit.take("a", 1)
    assert limit.take("b", 2)
    assert limit.take("c", 3)
    assert limit.take("a", 4)
    assert not limit.take("c", 5)


def test_a_key_can_begin_anew() -> None:
    limit = SlidingLimit(1, 10, None)
    assert limit.take("a", 1)
    limit.forget("a")
    assert limit.take("a", 2)


def test_those_who_act_at_once_share_one_count() -> None:
    limit = SlidingLimit(30, 10, None)
    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(lambda _: limit.take("a", 1), range(200))) == 30
