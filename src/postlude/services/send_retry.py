"""When a deferred copy is tried again."""

from dataclasses import dataclass
from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND

_MINUTE: Final = 60
_HOUR: Final = 60 * _MINUTE


@dataclass(frozen=True)
class RetrySchedule:
    """Growing pauses until a deadline.

    The first pause is longer than the five minutes greylisting usually asks for; RFC 5321 4.5.4.1 asks for half an
    hour between later tries and for 4-5 days before giving up.
    """

    pauses_s: tuple[int, ...] = (_MINUTE, 6 * _MINUTE, 15 * _MINUTE, 30 * _MINUTE, _HOUR, 2 * _HOUR, 4 * _HOUR)
    """Before attempt 2, 3 ...; the last one repeats."""
    give_up_s: int = 120 * _HOUR
    """Counted from when the message was accepted."""

    def next_at(self, now: int, created_at: int, attempt: int) -> int:
        """When to try again after `attempt` (1 is the first), in microseconds; 0 when the deadline comes first."""
        pause = self.pauses_s[min(attempt, len(self.pauses_s)) - 1]
        at = now + pause * MICROS_PER_SECOND
        return at if at <= created_at + self.give_up_s * MICROS_PER_SECOND else 0
