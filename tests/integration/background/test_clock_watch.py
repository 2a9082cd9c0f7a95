"""A clock that is set back while the app runs."""

import asyncio

import pytest

from postlude.app.background import clock_watch
from postlude.app.background.clock_watch import ClockWatch
from postlude.model.words import CopyStatus
from postlude.store import Store
from support.wrong_clock import DAY, HOUR, RETRY, WORKER, SettableClock, submit_at


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


async def test_a_step_back_is_noticed_while_it_runs(
    store: Store, clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock_watch, "_LOOK_S", 0.05)
    clock.at += 2 * DAY
    copy = submit_at(store, clock)
    store.sending.claim(1, clock.at, WORKER)
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
    assert [one.copy for one in store.sending.claim(1, clock.at, WORKER)] == [copy]
    assert store.messages.copy(copy).status is CopyStatus.CLAIMED
