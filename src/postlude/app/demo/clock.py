"""The demo's own time: two months pass while it is written."""

from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND

MINUTE: Final = 60 * MICROS_PER_SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR


class DemoClock:
    """A Clock that stands still until it is moved, and never goes back."""

    def __init__(self, start: int) -> None:
        self._now = start

    def now(self) -> int:
        """Microseconds since the epoch."""
        return self._now

    def move_to(self, at: int) -> None:
        """Let it be `at`, or leave it where it is when that is over."""
        self._now = max(self._now, at)
