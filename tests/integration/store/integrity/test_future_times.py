"""Times in the future, column by column, on both databases."""

import pytest
from sqlalchemy import insert, select

from postlude.model.usage_slot import slot_of
from postlude.services.integrity.clock_repair import repair_times
from postlude.store import Store
from postlude.store.messages.tables import transport_usage
from support.wrong_clock import DAY, MINUTE, RETRY, SECOND, SettableClock


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def test_what_servers_were_given_tomorrow_is_forgotten(store: Store, clock: SettableClock) -> None:
    slot = slot_of(clock.at)
    rows = [{"server": "smtp", "slot": number, "copies": 10} for number in (slot - 5, slot, slot + 400)]
    with store._database.write() as connection:
        connection.execute(insert(transport_usage), rows)
    assert repair_times(store, clock, RETRY) == {"counts of what servers were given": 1}
    with store._database.read() as connection:
        assert {row.slot for row in connection.execute(select(transport_usage))} == {slot - 5, slot}


def test_a_dead_processs_job_is_taken_over(store: Store, clock: SettableClock) -> None:
    job = store.jobs.add("import", "people.csv", clock.at + 2 * DAY, {}, owner="the dead")
    assert repair_times(store, clock, RETRY) == {"jobs": 1}
    taken = store.jobs.claim("me", clock.at + MINUTE, clock.at + 30 * SECOND, kind="import")
    assert taken is not None
    assert taken.id == job.id


def test_a_hold_and_incidents_of_the_future_are_of_now(store: Store, clock: SettableClock) -> None:
    store.integrity.pause_sending("restored", clock.at + 2 * DAY)
    assert repair_times(store, clock, RETRY) == {"the pause of sending": 1}
    hold = store.integrity.sending_pause()
    assert hold is not None
    assert hold.at == clock.at
    assert hold.reasons == ("restored",)
