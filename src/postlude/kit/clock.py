"""The one home of time. Every other module is handed a Clock or a number."""

import time
from datetime import UTC, date, datetime
from typing import Protocol

MICROS_PER_SECOND = 1_000_000


class Clock(Protocol):
    """Tells the time in whole microseconds since 1970-01-01 UTC."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000  # noqa: TID251 - this is the one home


def day_start(text: str) -> int:
    """Microseconds at which a day, written `2026-11-29`, begins in UTC; ValueError when it is not written so."""
    day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    return int(day.timestamp()) * MICROS_PER_SECOND


def to_datetime(micros: int) -> datetime:
    """Aware UTC datetime of a microsecond timestamp."""
    return datetime.fromtimestamp(micros / MICROS_PER_SECOND, UTC)


def to_iso(micros: int) -> str:
    """RFC 3339 text in UTC with milliseconds, e.g. `2026-11-24T04:00:00.123Z`."""
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03d}Z"
