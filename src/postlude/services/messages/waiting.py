"""The alarm when mail is not sent, whatever the cause."""

from typing import Final

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.services.jobs import duration
from postlude.store import Store

ALARM_SECONDS: Final = 300
"""So long a copy that is due may wait before it is a problem."""


def waiting_problem(store: Store, clock: Clock) -> str:
    """The problem when the oldest due single message waits for too long; else empty."""
    now = clock.now()
    since = store.sending.oldest_waiting(now)
    seconds = 0 if since is None else (now - since) / MICROS_PER_SECOND
    if seconds < ALARM_SECONDS:
        return ""
    return (
        f"mail does not leave: the oldest message that is due waits for {duration(seconds)}. "
        "See the problems beside this one, the log, and `postlude check`"
    )
