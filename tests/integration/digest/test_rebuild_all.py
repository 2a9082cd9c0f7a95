"""Everything counted is what the history says again, whatever it was meanwhile, at any number of stops."""

from typing import Any

import pytest
from sqlalchemy import ColumnElement, Table, delete, select, update

from postlude.kit.clock import MICROS_PER_SECOND, SystemClock
from postlude.model.observation import Hit, Submitted
from postlude.model.words import HitEndpoint, Via
from postlude.services.digest.rebuild_all import Rebuilder
from postlude.store.messages.tables import (
    copy_activity,
    copy_hours,
    copy_states,
    link_activity,
    message_clients,
    message_hours,
)

World = Any  # conftest.World: tests are found by path and cannot import one another
_TABLES = (copy_activity, copy_hours, copy_states, link_activity, message_clients, message_hours)
_FIREFOX = "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0"
_BIRD = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0"


def _hit(copy: int, at: int, agent: str, endpoint: HitEndpoint = HitEndpoint.PIXEL) -> Hit:
    position = 1 if endpoint is HitEndpoint.LINK else -1
    return Hit(at, endpoint, 1, copy // 10, copy, position, "GET", agent, "192.0.2.7", {}, {})


@pytest.fixture
def filled(world: World) -> World:
    for number in (1, 2, 3):
        world.spool.put(number, b"Hello")
        world.say(Submitted(5, number, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))
    hours = 3600 * MICROS_PER_SECOND
    world.say(
        _hit(10, 100, _BIRD),
        _hit(10, 3 * hours, _BIRD),
        _hit(11, 400, _FIREFOX, HitEndpoint.LINK),
        _hit(20, 600, "curl/8.5.0"),
        _hit(20, 700, _FIREFOX, HitEndpoint.LINK),
    )
    world.digest().catch_up()
    return world


def _mine(table: Table) -> ColumnElement[bool]:
    """All there is, in words that read no whole table."""
    return table.c.message.in_([1, 2, 3]) if "message" in table.c else table.c.copy.in_([10, 11, 20, 21, 30, 31])


def _rows(world: World) -> dict[str, list[tuple[object, ...]]]:
    world.store.copy_states.add_up()
    found = {}
    with world.store.segments._database.read() as connection:
        for table in _TABLES:
            rows = [
                tuple(row) for row in connection.execute(select(table).where(_mine(table)).order_by(*table.primary_key))
            ]
            found[table.name] = [row for row in rows if table is not copy_states or row[-1]]
    return found


def _finish(work: Rebuilder) -> None:
    work.start()
    while work.step():
        assert work.progress().running


@pytest.mark.parametrize("copies", [1, 2, 1000])
def test_what_was_dropped_is_there_again(filled: World, copies: int) -> None:
    before = _rows(filled)
    assert before["message_hours"]
    assert before["message_clients"]
    with filled.store.segments._database.write() as connection:
        for table in (copy_hours, link_activity, message_clients, message_hours):
            connection.execute(delete(table).where(_mine(table)))
        wrong = {"opens": 9, "clicks": 0, "first_open_at": None}
        connection.execute(update(copy_activity).where(_mine(copy_activity)).values(wrong))
        connection.execute(update(copy_states).where(_mine(copy_states)).values(copies=7))
    work = Rebuilder(filled.history, filled.store, SystemClock(), copies=copies)
    _finish(work)
    assert _rows(filled) == before
    done = work.progress()
    assert not done.running
    assert done.done == 6
    assert done.events == 11


def test_it_continues_where_it_was_stopped(filled: World) -> None:
    before = _rows(filled)
    first = Rebuilder(filled.history, filled.store, SystemClock(), copies=2)
    first.start()
    assert first.step()
    first.stop()
    second = Rebuilder(filled.history, filled.store, SystemClock(), copies=2)
    _finish(second)
    assert second.progress().done == 6
    assert _rows(filled) == before


def test_what_the_history_has_forgotten_stays_counted(filled: World) -> None:
    before = _rows(filled)
    filled.history.forget_before(SystemClock().now())
    _finish(Rebuilder(filled.history, filled.store, SystemClock()))
    assert _rows(filled) == before


def test_messages_older_than_events_are_kept_are_left_alone(filled: World) -> None:
    with filled.store.segments._database.write() as connection:
        connection.execute(update(copy_activity).where(_mine(copy_activity)).values(opens=9))
    work = Rebuilder(filled.history, filled.store, SystemClock(), keep_events_days=1)
    _finish(work)
    assert work.progress().done == 0


def test_nothing_to_do_ends_at_once(world: World) -> None:
    work = Rebuilder(world.history, world.store, SystemClock())
    work.start()
    assert not work.step()
    assert not work.progress().running
