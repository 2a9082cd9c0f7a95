"""When the story begins."""

from postlude.app.demo.clock import DAY, HOUR
from postlude.app.demo.play import DAYS, beginning

NOON = 20_000 * DAY + 12 * HOUR


def test_it_begins_at_midnight() -> None:
    assert beginning(NOON) % DAY == 0


def test_today_is_its_last_day() -> None:
    assert beginning(NOON) + DAYS * DAY == 20_001 * DAY
