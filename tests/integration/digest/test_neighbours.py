"""One visitor at many recipients: the same verdicts in any order, after restarts, late, and recomputed from nothing."""

import random
from typing import Any

import pytest

from mails.visits import NOON, S, visit
from postlude.classify import WindowSettings
from postlude.model.observation import Hit
from postlude.model.words import CopyStatus, EventKind, Verdict, Via
from postlude.services.digest import neighbours
from postlude.services.digest.reclassify import Reclassifier
from postlude.store import Batch, Copy, Message, Store, Submission

World = Any  # conftest.World: tests are found by path and cannot import one another
H, SUSPECTED = Verdict.HUMAN, Verdict.MACHINE_SUSPECTED
COPIES = 40
ALONE = WindowSettings(shared_copies=1_000)


def _click(copy: int, seconds: float, address: str = "198.51.100.0") -> Hit:
    return visit(seconds, 0, copy, address)


def _send(store: Store, domains: int) -> None:
    message = Message(
        id=1, user=7, message_id="m@x", subject="News", sender="a@x.example", mail_from="", via=Via.CLI, created_at=NOON
    )
    copies = tuple(
        Copy(copy, 1, f"r{copy}@firm{copy % domains}.example", CopyStatus.QUEUED) for copy in range(1, COPIES + 1)
    )
    store.digest.apply(Batch(submissions=[Submission(message, (), copies)]))


def _verdicts(world: World) -> dict[tuple[int, int], Verdict]:
    return {
        (event.copy, event.at): event.verdict for event in world.history.timeline(1) if event.kind is EventKind.CLICKED
    }


def test_the_tenth_recipient_makes_all_of_them_suspected(world: World) -> None:
    _send(world.store, domains=4)
    for copy in range(1, 10):
        world.say(_click(copy, copy * 7))
        world.digest().catch_up()  # a new one every time, as after a restart
    assert set(_verdicts(world).values()) == {H}
    world.say(_click(10, 80))
    world.digest().catch_up()
    assert set(_verdicts(world).values()) == {SUSPECTED}
    activity = world.store.messages.activity(1)
    assert sum(one.clicks for one in activity.values()) == 0
    assert sum(one.clicks_machine for one in activity.values()) == 10
    assert all(event.reasons[0] == "one-address" for event in world.history.timeline(1))
    assert world.history.timeline(1)[0].facts["why"] == "at least 10 recipients in 3 domains within 10 min"


def test_an_office_behind_one_address_is_no_sweep(world: World) -> None:
    _send(world.store, domains=2)
    world.say(*(_click(copy, copy * 7) for copy in range(1, COPIES)))
    world.digest().catch_up()
    assert set(_verdicts(world).values()) == {H}


def test_a_person_s_own_visit_beside_it_stays_theirs(world: World) -> None:
    _send(world.store, domains=4)
    world.say(_click(3, 2, address="203.0.113.0"), *(_click(copy, 60 + copy) for copy in range(1, 13)))
    world.digest().catch_up()
    assert [place for place, verdict in _verdicts(world).items() if verdict is H] == [(3, NOON + 2 * S)]


def _mixed(chance: random.Random) -> list[Hit]:
    """Crowds of different sizes, alone visitors, over an hour; each copy has few hits."""
    hits = []
    for crowd in range(6):
        start = chance.randrange(3_000)
        copies = chance.sample(range(1, COPIES + 1), chance.randrange(4, 18))
        hits += [_click(copy, start + chance.randrange(900), address=f"198.51.{crowd % 4}.0") for copy in copies]
    hits += [_click(copy, chance.randrange(3_600), address=f"203.0.{copy}.0") for copy in range(1, COPIES + 1)]
    return hits


@pytest.mark.parametrize("seed", range(6))
def test_any_order_gives_what_is_recomputed_from_nothing(world: World, seed: int) -> None:
    chance = random.Random(seed)
    _send(world.store, domains=chance.choice((3, 5)))
    hits = _mixed(chance)
    if seed % 2:
        hits.sort(key=lambda hit: hit.at)
    else:
        chance.shuffle(hits)  # some come an hour late
    place, digest = 0, world.digest()
    while place < len(hits):
        some = hits[place : place + chance.randrange(1, 25)]
        place += len(some)
        world.say(*some)
        digest.catch_up()
        if chance.random() < 0.3:
            digest = world.digest(batch_records=chance.randrange(1, 20))
    standing = _verdicts(world)
    assert SUSPECTED in standing.values()
    assert H in standing.values()
    _from_nothing(world)
    assert _verdicts(world) == standing


def _from_nothing(world: World) -> None:
    """Every event as if it had been judged by itself, then all again."""
    events = [event for event in world.history.timeline(1) if event.kind is EventKind.CLICKED]
    before = Reclassifier(world.history, world.store, settings=ALONE, rules_version=90)
    for work in (before, Reclassifier(world.history, world.store, rules_version=91)):
        work.start()
        while work.step():
            pass
        if work is before:
            assert SUSPECTED not in _verdicts(world).values()
    assert len(_verdicts(world)) == len(events)


def test_of_one_visitor_the_newest_hits_are_remembered() -> None:
    entries = b"".join(neighbours._HIT.pack(n, n, n, 0) for n in range(600))
    kept = [row[0] for row in neighbours._HIT.iter_unpack(neighbours._newest(entries))]
    assert kept == list(range(344, 600))
