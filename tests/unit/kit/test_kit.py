from hypothesis import given
from hypothesis import strategies as st

from postlude.kit.bounded import NumberCache
from postlude.kit.clock import SystemClock, Until, to_iso
from postlude.kit.ids import id_text, new_id, parse_id


def test_ids_are_positive_and_fit_a_signed_64_bit_column() -> None:
    assert all(0 < new_id() < 1 << 63 for _ in range(1000))


@given(st.integers(min_value=1, max_value=(1 << 63) - 1))
def test_an_id_survives_its_text(value: int) -> None:
    assert parse_id(id_text(value)) == value


@given(st.text(max_size=20))
def test_no_text_crashes_the_reader(text: str) -> None:
    value = parse_id(text)
    assert value is None or id_text(value) == text.lower()


def test_time_is_utc_with_milliseconds() -> None:
    assert to_iso(1_700_000_000_123_456) == "2023-11-14T22:13:20.123Z"
    assert SystemClock().now() > 1_700_000_000_000_000


def test_a_number_cache_keeps_the_latest_and_never_gives_anothers_value() -> None:
    cache = NumberCache(101)
    keys = [new_id() for _ in range(300)]
    for key in keys:
        cache.put(key, key // 2)
        assert cache.known([key]) == {key: key // 2}
    found = cache.known(keys)
    assert all(value == key // 2 for key, value in found.items())
    assert 0 < len(found) <= 101
    assert not cache.known([1 << 70])


def test_a_wait_ends_when_it_was_meant_to() -> None:
    wait = Until()
    wait.set(1000, 1500)
    assert [wait.at(now) <= now for now in (1000, 1499, 1500)] == [False, False, True]


def test_a_clock_that_steps_back_makes_no_wait_longer() -> None:
    wait = Until()
    wait.set(1_000_000, 1_000_500)
    assert wait.at(10) == 510


def test_a_wait_is_extended_and_never_shortened() -> None:
    wait = Until()
    wait.set(1000, 1500)
    wait.extend(1000, 1200)
    assert wait.at(1000) == 1500
