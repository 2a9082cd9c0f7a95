"""A clock that can be set, and mail sent by it: what a wrong clock leaves behind."""

from typing import Final

from postlude.kit.clock import SystemClock
from postlude.model.words import Via
from postlude.services.messages.retry import RetrySchedule
from postlude.store import Batch, Copy, Message, Store, Submission

SECOND: Final = 1_000_000
MINUTE: Final = 60 * SECOND
HOUR: Final = 3_600 * SECOND
DAY: Final = 86_400 * SECOND
AHEAD: Final = (2 * MINUTE, 2 * HOUR, 2 * DAY, 400 * DAY)
RETRY: Final = RetrySchedule()
WORKER: Final = 77


class SettableClock:
    """Stands until it is set; counts how often it was asked."""

    def __init__(self) -> None:
        self.at = SystemClock().now()
        self.asked = 0

    def now(self) -> int:
        self.asked += 1
        return self.at


def submit_at(store: Store, clock: SettableClock, number: int = 1) -> int:
    """A message to one recipient is accepted; the id of both."""
    message = Message(
        id=number,
        user=7,
        message_id=f"m{number}@example.org",
        subject="",
        sender="alice@example.org",
        mail_from="alice@example.org",
        via=Via.RELAY,
        created_at=clock.at,
    )
    store.digest.apply(Batch(submissions=[Submission(message, (), (Copy(number, number, "r@example.org"),))]))
    return number
