"""In whatever order hits, hand-off and message are digested: the verdicts are a function of the facts."""

import random
from typing import Any

import msgspec
import pytest

from mails.visits import NOON, S, visit
from postlude.classify import RULES_VERSION
from postlude.model.event import LATE_FACTS, Event
from postlude.model.observation import Attempt, Hit, Observation, Submitted
from postlude.model.words import PEOPLE, EventKind, HitEndpoint, SendOutcome, Verdict, Via
from postlude.services.digest.hits import Hits
from postlude.services.digest.late_facts import MOST_HITS
from postlude.services.digest.own_visits import OwnVisits, sender_in
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.digest.reconsider import Windows

World = Any  # conftest.World: tests are found by path and cannot import one another
LINK, PIXEL = HitEndpoint.LINK, HitEndpoint.PIXEL
RECIPIENTS = tuple(f"r{n}@firm{n % 4}.example" for n in range(10))
SUBMITTED = Submitted(NOON - S, 1, 7, Via.RELAY, "alice@example.org", RECIPIENTS)


def _sent(copy: int = 10, at: int = NOON) -> Attempt:
    return Attempt(at, 1, copy, SendOutcome.ACCEPTED, 250, "", "", "mx.example", "end-of-data", 1, 0)


@pytest.fixture
def submitted(world: World) -> World:
    world.spool.put(1, b"link " * 6)
    world.say(SUBMITTED)
    world.digest().catch_up()
    return world


def _events(world: World, kind: EventKind = EventKind.CLICKED) -> list[Event]:
    return [event for event in world.history.timeline(1) if event.kind is kind]


def _nothing_changes_when_all_is_judged_again(world: World, classifier: Any = None) -> None:
    more = {} if classifier is None else {"classifier": classifier}
    work = Reclassifier(world.history, world.store, rules_version=RULES_VERSION + 1, **more)
    work.start(dry_run=True)
    while work.step():
        pass
    assert work.progress().changes == {}


@pytest.mark.parametrize("restarted", [False, True])
def test_a_click_is_prompt_also_when_the_hand_off_is_digested_after_it(submitted: World, restarted: bool) -> None:
    digest = submitted.digest()
    submitted.say(visit(0.5, 0))
    digest.catch_up()
    [before] = _events(submitted)
    assert before.verdict is Verdict.HUMAN
    submitted.say(_sent())
    (submitted.digest() if restarted else digest).catch_up()
    [after] = _events(submitted)
    assert after.id == before.id
    assert after.verdict is Verdict.MACHINE_SUSPECTED
    assert after.first_verdict is Verdict.HUMAN
    assert after.reasons == ("prompt-click", "browser")
    assert after.cause == LATE_FACTS
    done = submitted.store.messages.activity(1)[10]
    assert done.clicks == 0
    assert done.clicks_machine == 1
    assert done.delivered_how == "accepted"
    _nothing_changes_when_all_is_judged_again(submitted)


def test_a_gateway_s_network_is_suspected_when_the_hand_off_comes_later(submitted: World) -> None:
    submitted.say(visit(90, 0, network="mimecast"))
    submitted.digest().catch_up()
    submitted.say(visit(95, network="mimecast"), _sent())
    submitted.digest().catch_up()
    assert [event.verdict for event in _events(submitted)] == [Verdict.MACHINE_SUSPECTED]
    assert [event.verdict for event in _events(submitted, EventKind.OPENED)] == [Verdict.MACHINE_SUSPECTED]
    _nothing_changes_when_all_is_judged_again(submitted)


def test_links_in_tabs_are_a_person_s_once_the_hand_off_is_known_to_be_long_ago(submitted: World) -> None:
    submitted.say(*(visit(700 + n, n) for n in range(3)))
    submitted.digest().catch_up()
    assert {event.verdict for event in _events(submitted)} == {Verdict.MACHINE_SUSPECTED}
    submitted.say(_sent())
    submitted.digest().catch_up()
    assert {event.verdict for event in _events(submitted)} == {Verdict.HUMAN}
    assert submitted.store.messages.activity(1)[10].clicks == 3
    _nothing_changes_when_all_is_judged_again(submitted)


def test_more_hits_than_a_window_holds_are_judged_again_too(submitted: World) -> None:
    submitted.say(visit(0.5, 0), *(visit(20 + 40 * n) for n in range(40)))
    submitted.digest().catch_up()
    submitted.say(_sent())
    submitted.digest().catch_up()
    assert _events(submitted)[0].verdict is Verdict.MACHINE_SUSPECTED
    assert submitted.store.messages.activity(1)[10].opens == 40
    _nothing_changes_when_all_is_judged_again(submitted)


def test_whether_many_recipients_share_a_visitor_does_not_depend_on_the_hand_off(submitted: World) -> None:
    for copy in range(10, 20):
        submitted.say(visit(0.5 + copy / 100, 0, copy=copy))
        submitted.digest().catch_up()
        submitted.say(_sent(copy))
        submitted.digest().catch_up()
    events = _events(submitted)
    assert {event.verdict for event in events} == {Verdict.MACHINE_SUSPECTED}
    assert all("one-address" in event.reasons for event in events[-1:])
    _nothing_changes_when_all_is_judged_again(submitted)


def test_a_copy_that_is_known_to_have_arrived_by_its_opening_was_handed_over_nobody_knows_when(
    submitted: World,
) -> None:
    submitted.say(Attempt(NOON, 1, 10, SendOutcome.INDETERMINATE, 0, "", "", "", "", 1, 0))
    submitted.digest().catch_up()
    submitted.say(visit(30))
    submitted.digest().catch_up()
    submitted.say(visit(31, 0))
    submitted.digest().catch_up()
    assert submitted.store.messages.copy(10).sent_at is not None
    assert [event.verdict for event in _events(submitted)] == [Verdict.HUMAN]
    _nothing_changes_when_all_is_judged_again(submitted)


def _mine(world: World) -> OwnVisits:
    return OwnVisits(sender_in(world.store), colleagues_count=True)


def _digest(world: World, **more: Any) -> Any:
    mine = _mine(world)
    windows = Windows(world.store.messages, world.history, classifier=mine)
    return world.digest(hits=Hits(world.store.messages, mine), windows=windows, know_sender=mine.know, **more)


def test_hits_that_are_read_before_their_message_are_judged_again_with_it(world: World) -> None:
    """As after a backup was put back: links, domains and sender are known only then."""
    world.spool.put(1, b"link " * 6)
    crowd = [visit(60 + copy, 0, copy=copy, address="198.51.100.0") for copy in range(10, 20)]
    own = visit(3_000, 0, copy=11, address="203.0.113.0", signed_in="0000000000000007:0000000000000001")
    world.say(*crowd, own)
    _digest(world).catch_up()
    assert {event.verdict for event in _events(world)} == {Verdict.HUMAN}
    world.say(*(_sent(copy) for copy in range(10, 20)))
    _digest(world).catch_up()
    world.say(SUBMITTED)
    _digest(world).catch_up()
    verdicts = {event.at: event.verdict for event in _events(world)}
    assert {verdicts[hit.at] for hit in crowd} == {Verdict.MACHINE_SUSPECTED}
    assert verdicts[own.at] is Verdict.SELF
    _nothing_changes_when_all_is_judged_again(world, _mine(world))


def _facts(chance: random.Random) -> list[Observation]:
    found: list[Observation] = [SUBMITTED]
    for copy in range(10, 20):
        if chance.random() < 0.8:
            found.append(_sent(copy, NOON + copy * S))
        start = chance.choice((0.3, 1.9, 5, 43, 590, 700)) + copy
        found += [visit(start + n / 3, n, copy=copy) for n in range(chance.choice((1, 1, 3, 4, 6)))]
        found += [visit(start + chance.choice((-1, 4, 90)), copy=copy) for _ in range(chance.randrange(3))]
        if chance.random() < 0.5:
            found.append(visit(400 + copy, 1, copy=copy, address="198.51.100.0"))
        if chance.random() < 0.3:
            found.append(visit(300 + copy, 2, copy=copy, address="198.51.7.0", network="proofpoint"))
        if chance.random() < 0.3:
            found.append(visit(350 + copy, 2, copy=copy, signed_in="0000000000000007:0000000000000001"))
    return found


@pytest.mark.parametrize("seed", range(12))
def test_any_order_of_all_facts_ends_the_same(world: World, seed: int) -> None:
    world.spool.put(1, b"link " * 6)
    chance = random.Random(seed)
    facts = _facts(chance)
    chance.shuffle(facts)
    place, digest = 0, _digest(world)
    while place < len(facts):
        some = facts[place : place + chance.randrange(1, 15)]
        place += len(some)
        world.say(*some)
        digest.catch_up()
        if chance.random() < 0.3:
            digest = _digest(world, batch_records=chance.randrange(1, 20))
    _nothing_changes_when_all_is_judged_again(world, _mine(world))
    for copy, done in world.store.messages.activity(1).items():
        clicks = [event for event in _events(world) if event.copy == copy]
        assert done.clicks == sum(event.verdict is Verdict.HUMAN for event in clicks)
        assert done.first_click_at == min((e.at for e in clicks if e.verdict is Verdict.HUMAN), default=None)


def _many_hits(chance: random.Random) -> list[Observation]:
    """Of two copies more than a window holds: sweeps, openings by proxy and networks, each in a crowd of others."""
    found: list[Observation] = []
    for copy in (10, 11):
        start = 700.0
        for _ in range(chance.randrange(8, 20)):
            start += chance.choice((3, 15, 40, 700))
            kind = chance.randrange(4)
            if kind == 0:
                found += [visit(start + n / 5, n, copy=copy) for n in range(chance.randrange(2, 7))]
            elif kind == 1:
                found += [_proxied(start + 9 * n, copy) for n in range(chance.randrange(1, 7))]
            elif kind == 2:
                found += [
                    visit(start + 20 * n, copy=copy, address=f"198.51.{n}.0") for n in range(chance.randrange(1, 4))
                ]
            else:
                found.append(visit(start, chance.randrange(6), copy=copy, address="203.0.113.0"))
    return found


def _proxied(seconds: float, copy: int) -> Hit:
    agent = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
    return msgspec.structs.replace(visit(seconds, copy=copy), user_agent=agent)


@pytest.mark.parametrize("seed", range(12))
def test_more_hits_than_a_window_holds_end_the_same_in_any_order(submitted: World, seed: int) -> None:
    chance = random.Random(seed)
    hits = _many_hits(chance)
    chance.shuffle(hits)
    place, digest = 0, submitted.digest()
    while place < len(hits):
        some = hits[place : place + chance.randrange(1, 40)]
        place += len(some)
        submitted.say(*some)
        digest.catch_up()
        if chance.random() < 0.3:
            digest = submitted.digest(batch_records=chance.randrange(1, 20))
    _nothing_changes_when_all_is_judged_again(submitted)
    for copy, done in submitted.store.messages.activity(1).items():
        theirs = [event for event in submitted.history.timeline(1, copy) if event.verdict in PEOPLE]
        assert done.clicks == sum(event.kind is EventKind.CLICKED for event in theirs)
        assert done.opens == sum(event.kind is EventKind.OPENED for event in theirs)


def test_a_late_hit_of_a_copy_with_thousands_is_judged_by_what_is_at_hand(submitted: World) -> None:
    digest = submitted.digest()
    submitted.say(*(visit(40 * n) for n in range(1, MOST_HITS + 40)))
    digest.catch_up()
    submitted.say(visit(20, 0))
    digest.catch_up()
    assert submitted.store.messages.activity(1)[10].clicks == 1
