from datetime import UTC, datetime

import pytest

from postlude.kit.time_zones import moment_on, shown_in, zone_name


@pytest.mark.parametrize("written", ["Europe/Berlin", "europe/berlin", " EUROPE/BERLIN "])
def test_a_zone_is_known_in_any_case(written: str) -> None:
    assert zone_name(written) == "Europe/Berlin"


@pytest.mark.parametrize("written", ["", "Mars/Olympus", "Berlin", "../etc/passwd"])
def test_what_is_not_a_zone_is_refused(written: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone; write one such as"):
        zone_name(written)


def test_a_time_is_read_on_the_clock_of_its_zone() -> None:
    assert moment_on("2026-11-25 09:30", "europe/berlin").astimezone(UTC) == datetime(2026, 11, 25, 8, 30, tzinfo=UTC)
    assert moment_on("2026-11-25T09:30+03:00", "Europe/Berlin") == datetime(2026, 11, 25, 6, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "zone", "instead"),
    [
        ("2026-03-29 02:30", "Europe/Berlin", "03:30"),
        ("2026-03-08 02:00", "America/New_York", "03:00"),
        ("2026-10-04 02:15", "Australia/Lord_Howe", "03:15"),
    ],
)
def test_a_time_that_no_clock_shows_is_refused_with_the_next_one(written: str, zone: str, instead: str) -> None:
    with pytest.raises(ValueError, match=f"does not exist in {zone}.*write .*{instead}"):
        moment_on(written, zone)


def test_of_an_hour_that_comes_twice_the_first_is_meant() -> None:
    assert moment_on("2026-10-25 02:30", "Europe/Berlin").astimezone(UTC).hour == 0


def test_what_is_not_a_time_is_refused() -> None:
    with pytest.raises(ValueError, match="is not a time; write 2026-11-25 09:30"):
        moment_on("tomorrow", "UTC")


def test_a_moment_is_shown_on_the_clock_that_is_named() -> None:
    assert shown_in(datetime(2026, 11, 25, 8, 30, tzinfo=UTC), "europe/berlin") == "2026-11-25 09:30 Europe/Berlin"
