"""A clock that is set back while the app runs."""

import asyncio

import pytest

from postlude.app.background import clock_watch
from postlude.app.background.clock_watch import ClockWatch
from postlude.kit.clock import SystemClock
from postlude.model.words import CopyStatus, Via
from postlude.services.messages.retry import RetrySchedule
from postlude.store import Batch, Copy, Message, Store, Submission

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
RETRY = RetrySchedule()
AHEAD = [2 * MINUTE, 2 * HOUR, 2 * DAY, 400 * DAY]
ME = 77


class Settable:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = SystemClock().now()
        self.asked = 0

    def now(self) -> int:
        self.asked += 1
        return self.at


@pytest.fixture
def clock() -> Settable:
    return Settable()


def submit(store: Store, clock: Settable, number: int = 1) -> int:
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


async def test_a_step_back_is_noticed_while_it_runs(
    store: Store, clock: Settable, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "_LOOK_S", 0.05)
    clock.at += 2 * DAY
    copy = submit(store, clock)
    store.sending.claim(1, clock.at, ME)
    store.campaigns.postpone([copy], clock.at + HOUR, "a limit")
    async with ClockWatch(store, clock, RETRY):
        asked = clock.asked
        for _ in range(500):  # until it has looked, and found nothing to do
            if clock.asked >= asked + 3:
                break
            await asyncio.sleep(0.02)
        assert store.messages.copy(copy).next_attempt_at == clock.at + HOUR
        clock.at -= 2 * DAY
        for _ in range(100):
            await asyncio.sleep(0.05)
            if store.messages.copy(copy).next_attempt_at == clock.at:
                break
    assert [one.copy for one in store.sending.claim(1, clock.at, ME)] == [copy]
    assert store.messages.copy(copy).status is CopyStatus.CLAIMED
