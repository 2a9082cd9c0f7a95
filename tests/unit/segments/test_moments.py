import pytest

from postlude.segments.moments import LengthOfTime, read_length, read_moment

DAY = 86_400_000_000


@pytest.mark.parametrize(
    ("text", "micros"),
    [("12h", DAY // 2), ("30d", 30 * DAY), ("6 weeks", 42 * DAY), ("1 Month", 30 * DAY), ("2y", 730 * DAY)],
)
def test_lengths_are_read(text: str, micros: int) -> None:
    assert read_length(text).micros == micros


def test_a_length_has_a_number_and_the_name_of_its_unit() -> None:
    assert read_length(" 6 Weeks ") == LengthOfTime(6, "week")
    assert read_length("12hs") == LengthOfTime(12, "hour")


@pytest.mark.parametrize("text", ["", "d", "30", "0d", "-1d", "1.5d", "3 moons", "999999d", "99999y", "1m"])
def test_what_is_no_length_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"length of time|100 years"):
        read_length(text)


@pytest.mark.parametrize(
    ("text", "micros"),
    [
        ("1970-01-02", DAY),
        ("1970-01-01T12:00", DAY // 2),
        ("1970-01-01T12:00+01:00", 11 * DAY // 24),
        ("1970-01-01T00:00:00.000001", 1),
    ],
)
def test_moments_are_read_in_utc(text: str, micros: int) -> None:
    assert read_moment(text) == micros


@pytest.mark.parametrize("text", ["", "31.01.2026", "2026-02-30", "now"])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="2026-01-31"):
        read_moment(text)
