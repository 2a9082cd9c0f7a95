"""A later hit changes an earlier verdict: in the counts, in the history, in the feed; once, and with its cause."""

import random
from collections import Counter
from typing import Any

import pytest

from mails.visits import CHROME, NOON, S, visit
from postlude.classify import VERDICTS, code_of, entry_of, judge, place_of, program_of, read_hits, reconsider
from postlude.model.event import LATER_HITS, Event
from postlude.model.observation import Attempt, Hit, Submitted
from postlude.model.words import EventKind, HitEndpoint, SendOutcome, Verdict, Via
from postlude.services.reports.messages import Reports

World = Any  # conftest.World: tests are found by path and cannot import one another
LINK, PIXEL = HitEndpoint.LINK, HitEndpoint.PIXEL


def _sweep(links: int = 10, start: float = 43.0, copy: int = 10) -> list[Hit]:
    return [visit(start + n / 20, n, copy) for n in range(links)]


@pytest.fixture
def sent(world: World) -> World:
    world.spool.put(1, b"Hello")
    world.say(Submitted(NOON - S, 1, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))
    world.say(Attempt(NOON, 1, 10, SendOutcome.ACCEPTED, 250, "", "", "mx.example", "end-of-data", 1, 0))
    world.digest().catch_up()
    return world


def _clicks(world: World, copy: int = 10) -> list[Event]:
    return [event for event in world.history.timeline(1, copy) if event.kind is EventKind.CLICKED]


@pytest.mark.parametrize("at_a_time", [1, 4, 100])
def test_the_first_clicks_of_a_sweep_are_taken_back(sent: World, at_a_time: int) -> None:
    hits = _sweep()
    for n in range(0, len(hits), at_a_time):
        sent.say(*hits[n : n + at_a_time])
        sent.digest().catch_up()  # a new one every time, as after a restart
    done = sent.store.messages.activity(1)[10]
    assert done.clicks == 0
    assert done.clicks_machine == 10
    assert done.first_click_at is None
    assert done.last_click_at is None
    assert done.delivered_how == "accepted"
    assert done.delivered_at == NOON
    links = sent.store.messages.link_activity(1)
    assert [links[n].clicks for n in range(10)] == [0] * 10
    assert [links[n].clicks_machine for n in range(10)] == [1] * 10
    assert links[0].last_at is None
    events = _clicks(sent)
    assert {event.verdict for event in events} == {Verdict.MACHINE}
    assert len({event.id for event in events}) == len(events) == 10
    assert all(event.reasons[0] == "sweep" for event in events)
    assert all(event.workspace == 1 for event in events)


def test_a_correction_says_what_it_was_first_and_why(sent: World) -> None:
    sent.say(visit(43, 0))
    sent.digest().catch_up()
    [before] = _clicks(sent)
    assert before.verdict is Verdict.HUMAN
    assert before.first_verdict is None
    sent.say(*_sweep(9, start=43.05))
    sent.digest().catch_up()
    after = _clicks(sent)[0]
    assert after.id == before.id
    assert after.verdict is Verdict.MACHINE
    assert after.first_verdict is Verdict.HUMAN
    assert after.cause == LATER_HITS
    assert after.reasons == ("sweep", "browser")
    assert after.facts["why"] == "9 links in 0.5 s"
    assert after.facts["user_agent"] == CHROME
    feed = [event for entry in sent.store.feed.after(0) for event in entry.events if event.id == before.id]
    assert [event.verdict for event in feed] == [Verdict.HUMAN, Verdict.MACHINE]


def test_people_before_and_after_a_sweep_stay_people(sent: World) -> None:
    sent.say(visit(5), visit(6, 2))
    sent.digest().catch_up()
    sent.say(*_sweep(4, start=100), visit(4000, 1))
    sent.digest().catch_up()
    done = sent.store.messages.activity(1)[10]
    assert done.opens == 1
    assert done.clicks == 2
    assert done.first_click_at == NOON + 6 * S
    assert done.last_click_at == NOON + 4000 * S
    assert done.delivered_how == "implied"


def test_an_open_that_a_click_confirms_counts_as_a_person_s(sent: World) -> None:
    bare = visit(5)
    sent.say(Hit(bare.at, PIXEL, 1, 1, 10, -1, "GET", "Mozilla/5.0", "192.0.2.0", {}, {}))
    sent.digest().catch_up()
    assert sent.store.messages.activity(1)[10].opens_unknown == 1
    sent.say(visit(60, 2))
    sent.digest().catch_up()
    done = sent.store.messages.activity(1)[10]
    assert done.opens == 1
    assert done.opens_unknown == 0
    assert done.first_open_at == bare.at


def _crowd(chance: random.Random) -> list[Hit]:
    hits: list[Hit] = []
    for copy in (10, 11):
        hits += [visit(chance.choice([5, 43, 44, 200, 4000]) + chance.random(), copy=copy) for _ in range(3)]
        hits += _sweep(chance.randrange(1, 7), start=43, copy=copy) if chance.random() < 0.7 else []
        hits += [visit(43 + n * 30, copy=copy, address=f"198.51.{n}.0") for n in range(chance.randrange(4))]
    return hits


@pytest.mark.parametrize("seed", range(4))
def test_late_and_shuffled_hits_come_out_as_in_order(sent: World, seed: int) -> None:
    chance = random.Random(seed)
    hits = _crowd(chance)
    wanted = _verdicts_in_order(hits)
    chance.shuffle(hits)
    place = 0
    while place < len(hits):
        some = hits[place : place + chance.randrange(1, 6)]
        place += len(some)
        sent.say(*some)
        digest = sent.digest(batch_records=chance.randrange(1, 5))
        digest.catch_up()
    found = Counter(
        (event.copy, event.at, event.position, event.verdict)
        for copy in (10, 11)
        for event in sent.history.timeline(1, copy)
        if event.kind in {EventKind.OPENED, EventKind.CLICKED}
    )
    assert found == wanted
    for copy in (10, 11):
        mine = [key for key in found.elements() if key[0] == copy]
        done = sent.store.messages.activity(1)[copy]
        assert done.clicks == sum(p >= 0 and v is Verdict.HUMAN for _, _, p, v in mine)
        assert done.opens == sum(p < 0 and v is Verdict.HUMAN for _, _, p, v in mine)
        opened = [at for _, at, p, v in mine if p < 0 and v is Verdict.HUMAN]
        clicked = [at for _, at, p, v in mine if p >= 0 and v is Verdict.HUMAN]
        assert done.first_open_at == min(opened, default=None)
        assert done.last_open_at == max(opened, default=None)
        assert done.first_click_at == min(clicked, default=None)
        assert done.last_click_at == max(clicked, default=None)


def _verdicts_in_order(hits: list[Hit]) -> Counter[tuple[int, int, int, Verdict]]:
    """What the pure function says of them, sorted by time."""
    wanted: Counter[tuple[int, int, int, Verdict]] = Counter()
    for copy in (10, 11):
        window = []
        for number, hit in enumerate(sorted((one for one in hits if one.copy == copy), key=lambda one: one.at)):
            sent_at = NOON if copy == 10 else None
            judged = judge(hit, sent_at=sent_at)
            code, program = code_of(hit, judged, sent_at=sent_at), program_of(hit.user_agent)
            window += read_hits(entry_of(hit.at, number, code, hit.position, place_of(hit.address), program))
        for one, result in zip(window, reconsider(window), strict=True):
            wanted[copy, one.at, one.position, VERDICTS[result.verdict]] += 1
    return wanted


def _last_click(world: World) -> int | None:
    """When link 2 was followed last, as a message's page shows it."""
    found: int | None = Reports(world.store, world.history)._link_activity(1)[2].last_at
    return found


@pytest.fixture
def taken_back(sent: World) -> World:
    """Link 2 was followed by a person, then by a filter that was one only with its last click."""
    for hits in ([visit(5, 2, copy=11)], [*_sweep(3, start=60), visit(60.5, 3)], [visit(60.6, 4)]):
        sent.say(*hits)
        sent.digest().catch_up()
    return sent


def test_a_link_was_followed_last_when_a_person_did(taken_back: World) -> None:
    """The click that was taken back was its last: the one before is known from the history."""
    assert _last_click(taken_back) == NOON + 5 * S


@pytest.mark.parametrize(("seconds", "last"), [(4, 5), (8000, 8000)])
def test_what_follows_a_click_that_was_taken_back_is_last_only_if_it_is(
    taken_back: World, seconds: int, last: int
) -> None:
    taken_back.say(visit(seconds, 2, copy=11, address="198.51.100.0"))
    taken_back.digest().catch_up()
    assert _last_click(taken_back) == NOON + last * S


def test_head_is_a_hit_that_counts_for_nothing_and_suspects_the_click_after_it(sent: World) -> None:
    head = visit(50, 1)
    sent.say(Hit(head.at, LINK, 1, 1, 10, 1, "HEAD", CHROME, head.address, {}, {}))
    sent.digest().catch_up()
    done = sent.store.messages.activity(1)[10]
    assert done.clicks + done.clicks_machine + done.clicks_unknown == 0
    [event] = [event for event in sent.history.timeline(1, 10) if event.kind is EventKind.VIEWED]
    assert event.facts["page"] == "link"
    assert event.verdict is Verdict.MACHINE
    sent.say(visit(50.3, 1))
    sent.digest().catch_up()
    [click] = _clicks(sent)
    assert click.verdict is Verdict.MACHINE_SUSPECTED
    assert click.reasons[0] == "head-first"


def test_a_damaged_form_of_a_link_suspects_the_click_beside_it(sent: World) -> None:
    sent.say(visit(50, 1))
    sent.digest().catch_up()
    damaged = Hit(NOON + 51 * S, HitEndpoint.DAMAGED_LINK, 1, 1, 10, -1, "GET", CHROME, "192.0.2.0", {}, {})
    sent.say(damaged)
    sent.digest().catch_up()
    [click] = _clicks(sent)
    assert click.verdict is Verdict.MACHINE_SUSPECTED
    assert click.reasons[0] == "damaged-link"
    assert sent.store.messages.activity(1)[10].clicks == 0
