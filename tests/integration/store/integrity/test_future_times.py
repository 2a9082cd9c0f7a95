"""Times in the future, column by column, on both databases."""

import pytest
from sqlalchemy import insert, select

from postlude.kit.clock import SystemClock
from postlude.model.usage_slot import slot_of
from postlude.model.words import Via
from postlude.services.integrity.clock_repair import repair_times
from postlude.services.messages.retry import RetrySchedule
from postlude.store import Batch, Copy, Message, Store, Submission
from postlude.store.messages.tables import transport_usage

SECOND = 1_000_000
MINUTE, HOUR, DAY = 60 * SECOND, 3600 * SECOND, 86_400 * SECOND
RETRY = RetrySchedule()
AHEAD = [2 * MINUTE, 2 * HOUR, 2 * DAY, 400 * DAY]
ME = 77


class Settable:
    """A clock that stands until it is set."""

    def __init__(self) -> None:
        self.at = SystemClock().now()

    def now(self) -> int:
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


def test_what_servers_were_given_tomorrow_is_forgotten(store: Store, clock: Settable) -> None:
    slot = slot_of(clock.at)
    rows = [{"server": "smtp", "slot": number, "copies": 10} for number in (slot - 5, slot, slot + 400)]
    with store._database.write() as connection:
        connection.execute(insert(transport_usage), rows)
    assert repair_times(store, clock, RETRY) == {"counts of what servers were given": 1}
    with store._database.read() as connection:
        assert {row.slot for row in connection.execute(select(transport_usage))} == {slot - 5, slot}


def test_a_dead_processs_job_is_taken_over(store: Store, clock: Settable) -> None:
    job = store.jobs.add("import", "people.csv", clock.at + 2 * DAY, {}, owner="the dead")
    assert repair_times(store, clock, RETRY) == {"jobs": 1}
    taken = store.jobs.claim("me", clock.at + MINUTE, clock.at + 30 * SECOND, kind="import")
    assert taken is not None
    assert taken.id == job.id


def test_a_hold_and_incidents_of_the_future_are_of_now(store: Store, clock: Settable) -> None:
    store.integrity.pause_sending("restored", clock.at + 2 * DAY)
    assert repair_times(store, clock, RETRY) == {"the pause of sending": 1}
    hold = store.integrity.sending_pause()
    assert hold is not None
    assert hold.at == clock.at
    assert hold.reasons == ("restored",)
