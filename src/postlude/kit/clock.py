"""The one home of time. Every other module is handed a Clock or a number."""

import time
from datetime import UTC, date, datetime
from typing import Protocol

MICROS_PER_SECOND = 1_000_000


class Clock(Protocol):
    """The time in whole microseconds since 1970-01-01 UTC."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Microseconds since the epoch."""
        return time.time_ns() // 1000  # noqa: TID251 - this is the one home


class Until:
    """A deadline that survives clock changes: a step back never makes the wait longer than requested.

    A step ahead may end it early. Not for threads.
    """

    def __init__(self) -> None:
        self._at = 0
        self._length = 0

    def set(self, now: int, at: int) -> None:
        """Wait until `at`, as seen at `now`."""
        self._at, self._length = at, max(0, at - now)

    def extend(self, now: int, at: int) -> None:
        """As `set`, but never sooner than what is waited for already."""
        self.set(now, max(at, self.at(now)))

    def clear(self) -> None:
        """Wait for nothing."""
        self._at = self._length = 0

    def at(self, now: int) -> int:
        """When the wait ends, as seen at `now`; `now` or earlier when it is over."""
        return min(self._at, now + self._length)


def day_start(text: str) -> int:
    """Microseconds at which a day, written `2026-11-29`, begins in UTC; ValueError when it is not written so."""
    day = datetime.combine(date.fromisoformat(text), datetime.min.time(), UTC)
    return int(day.timestamp()) * MICROS_PER_SECOND


def to_datetime(micros: int) -> datetime:
    """Aware UTC datetime of a microsecond timestamp."""
    return datetime.fromtimestamp(micros / MICROS_PER_SECOND, UTC)


def from_iso(text: str) -> int:
    """Microseconds of what `to_iso` wrote; 0 for anything else."""
    try:
        return round(datetime.fromisoformat(text).timestamp() * 1000) * 1000
    except (ValueError, OverflowError):
        return 0


def to_iso(micros: int) -> str:
    """RFC 3339 text in UTC with milliseconds, e.g. `2026-11-24T04:00:00.123Z`."""
    return to_datetime(micros).strftime("%Y-%m-%dT%H:%M:%S.") + f"{micros // 1000 % 1000:03d}Z"
