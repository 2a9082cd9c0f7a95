"""A clock that stands until a test moves it."""

from postlude.kit.clock import MICROS_PER_SECOND


class HandClock:
    """Stands at `seconds` since the epoch."""

    def __init__(self, seconds: float = 1_800_000_000) -> None:
        self.seconds = seconds

    def now(self) -> int:
        return int(self.seconds * MICROS_PER_SECOND)
