"""The history reads the feed: after a crash it takes what it missed, and never anything twice."""

from typing import Any

import pytest

from postlude.kit.clock import SystemClock
from postlude.model.errors import StorageError
from postlude.model.observation import Hit
from postlude.model.words import HitEndpoint
from postlude.services.digest.feed_reader import HistoryFeedReader

World = Any  # conftest.World: tests are found by path and cannot import one another


def _hit(at: int, copy: int = 10) -> Hit:
    return Hit(at, HitEndpoint.PIXEL, 1, 1, copy, -1, "GET", "Gecko", "192.0.2.0", {}, {})


def _full(*_arguments: object, **_named: object) -> None:
    raise StorageError("the disk is full")


def test_what_the_history_missed_is_read_from_the_feed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.say(_hit(1), _hit(2))
    world.digest().catch_up()
    world.say(_hit(3))
    with monkeypatch.context() as patch:
        patch.setattr(world.history, "append", _full)
        with pytest.raises(StorageError):
            world.digest().catch_up()
    assert world.store.messages.activity(1)[10].opens_unknown == 3
    assert world.history.total() == 2
    world.digest().catch_up()
    assert world.history.total() == 3
    assert world.history.positions() == world.store.digest.positions()
    assert world.history.cursor() == world.store.feed.head() == 3


def test_reading_it_all_again_changes_nothing(world: World) -> None:
    world.say(*(_hit(n, copy=10 + n % 3) for n in range(9)))
    world.digest(batch_records=2).catch_up()
    before = world.history.timeline(1)
    reader = HistoryFeedReader(world.store, world.history, SystemClock())
    for entry in world.store.feed.after(0):
        world.history.append(entry.events, {}, replace=entry.events, number=entry.first)
    reader.load(world.store.digest.positions(), 1)
    assert world.history.timeline(1) == before
