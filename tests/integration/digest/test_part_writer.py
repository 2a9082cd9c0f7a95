"""Whatever a store refuses, each record is counted once; what no store takes is quarantined."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from mails.records import attempt
from postlude.classify import Judgement
from postlude.journal import JournalReader
from postlude.kit.clock import SystemClock
from postlude.model.errors import StorageError
from postlude.model.event import Event
from postlude.model.observation import Hit, Returned, Submitted, Webhook
from postlude.model.words import HitEndpoint, SendOutcome, Via
from postlude.services.digest.hits import Hits

World = Any  # conftest.World: tests are found by path and cannot import one another

_YAHOO = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"


def _opened(copy: int = 10, at: int = 1000, agent: str = "Gecko") -> Hit:
    return Hit(at, HitEndpoint.PIXEL, 1, copy // 10, copy, -1, "GET", agent, "192.0.2.0", {}, {})


def _kinds(world: World, copy: int | None = None) -> list[str]:
    return [event.kind.value for event in world.history.timeline(1, copy)]


def _submit(world: World) -> None:
    world.spool.put(1, b"Hello")
    world.say(Submitted(5, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))


def _full(*_arguments: object, **_named: object) -> None:
    raise StorageError("the disk is full")


def test_reading_everything_again_changes_nothing(
    world: World, human: Callable[..., Judgement], from_the_start: type[JournalReader]
) -> None:
    _submit(world)
    world.say(_opened(), attempt(SendOutcome.ACCEPTED, 100), _opened(at=2000), b"no observation")
    hits = Hits(world.store.messages, human)
    world.digest(hits=hits).catch_up()
    before = (
        world.store.messages.activity(1),
        world.history.total(),
        world.store.digest.outcomes(),
        world.store.digest.positions(),
    )
    assert world.digest(hits=hits, reader=from_the_start).step() == 5
    assert (
        world.store.messages.activity(1),
        world.history.total(),
        world.store.digest.outcomes(),
        world.store.digest.positions(),
    ) == before


@pytest.mark.parametrize("fails", ["history", "store"])
def test_each_store_goes_on_where_it_was(world: World, fails: str, monkeypatch: pytest.MonkeyPatch) -> None:
    world.say(*(_opened(at=i * 1000) for i in range(250)))
    with monkeypatch.context() as patch:
        calls = []
        name, real = ("append", world.history.append) if fails == "history" else ("apply", world.store.digest.apply)

        def broken(*arguments: object, **named: object) -> object:
            calls.append(1)
            if len(calls) == 2:
                raise StorageError("the disk is full")
            return real(*arguments, **named)

        patch.setattr(world.history if fails == "history" else world.store.digest, name, broken)
        with pytest.raises(StorageError):
            world.digest().catch_up()
    world.digest().catch_up()
    done = world.store.messages.activity(1)[10]
    assert done.opens + done.opens_unknown + done.opens_machine == 250
    assert world.history.total() == 250
    assert world.store.digest.outcomes() == {"counted": 250}


def test_poison_is_quarantined_and_the_rest_counts(world: World, human: Callable[..., Judgement]) -> None:
    world.spool.put(8, b"crash")
    world.say(
        _opened(at=1),
        b"\xff\x00 not msgpack",
        Returned(3, 8, "smtp", "", ""),
        Returned(4, 404, "smtp", "", ""),
        Hit(5, HitEndpoint.PIXEL, 1, 1, (1 << 64) - 1, -1, "GET", "Gecko", "", {}, {}),
        Webhook(6, "acme", {}, b"{}"),
        Submitted(7, 404, 7, Via.API, "", ()),
        _opened(at=8, agent="nul \0 and smile \U0001f600"),
    )
    assert world.digest(hits=Hits(world.store.messages, human)).catch_up() == 8
    assert world.store.digest.outcomes() == {"counted": 2, "unreadable": 1, "failed": 3, "unhandled": 1, "submitted": 1}
    reasons = [one.reason for one in world.store.feedback.list_quarantined()]
    assert len(reasons) == 5
    assert any("fell over" in reason for reason in reasons)
    assert any("no mail is stored" in reason for reason in reasons)
    assert world.store.messages.activity(1)[10].opens == 2
    assert _kinds(world) == ["opened", "opened"]


def test_a_replayed_proxy_open_does_not_merge_with_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.say(_opened(at=SystemClock().now(), agent=_YAHOO))
    with monkeypatch.context() as patch:
        patch.setattr(world.store.digest, "apply", _full)
        with pytest.raises(StorageError):
            world.digest().catch_up()
    world.digest().catch_up()
    assert world.store.digest.outcomes() == {"counted": 1}
    assert world.store.messages.activity(1)[10].opens == 1


def test_a_history_that_refuses_one_event_takes_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.say(*(_opened(copy=10 + i, at=i) for i in range(9)))
    real = world.history.append

    def picky(events: Sequence[Event], positions: Mapping[int, tuple[int, int]], **named: Sequence[int]) -> None:
        if any(event.copy == 14 for event in events):
            raise ValueError("not this one")
        real(events, positions, **named)

    monkeypatch.setattr(world.history, "append", picky)
    world.digest().catch_up()
    assert world.store.digest.outcomes() == {"counted": 9}
    assert world.history.total() == 8
    assert ["not this one" in one.text for one in world.store.integrity.incidents()] == [True]
    assert world.history.positions() == world.store.digest.positions()
