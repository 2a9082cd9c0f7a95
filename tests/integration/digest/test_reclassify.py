"""Judging again changes verdicts, counts and first times, from what was kept of a hit, at any number of stops."""

from typing import Any

import pytest

from postlude.classify import RULES_VERSION, Judgement, WindowSettings, judge
from postlude.model.event import RECLASSIFY
from postlude.model.observation import Hit, Submitted
from postlude.model.words import HitEndpoint, Verdict, Via
from postlude.services.digest.hits import Hits
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.digest.reconsider import Windows

World = Any  # conftest.World: tests are found by path and cannot import one another
NEXT_RULES = RULES_VERSION + 1
NOBODY = Judgement(Verdict.UNKNOWN, ("nobody-knows",), "")


def _hit(copy: int, at: int, agent: str, endpoint: HitEndpoint = HitEndpoint.PIXEL, **more: Any) -> Hit:
    headers, facts = more.get("headers", {}), more.get("facts", {})
    method, position = more.get("method", "GET"), 1 if endpoint is HitEndpoint.LINK else -1
    return Hit(at, endpoint, 1, copy // 10, copy, position, method, agent, "192.0.2.0", headers, facts)


HITS = [
    _hit(10, 100, "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.1.0"),
    _hit(10, 200, "curl/8.5.0"),
    _hit(
        10,
        300,
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        headers={"purpose": "prefetch"},
    ),
    _hit(11, 400, "Mozilla/5.0", HitEndpoint.LINK, facts={"network": "barracuda", "lists_date": "2026-11-25"}),
    _hit(11, 500, "Mozilla/5.0 (Windows NT 10.0; rv:140.0) Gecko/20100101 Firefox/140.0", HitEndpoint.LINK),
    _hit(20, 600, "", HitEndpoint.UNSUBSCRIBE, method="POST", facts={"how": "one-click"}),
    _hit(20, 700, "Mozilla/5.0 (X11; rv:140.0) Gecko/20100101 Firefox/140.0", HitEndpoint.PREFERENCES_PAGE),
]


@pytest.fixture
def judged_by_nobody(world: World) -> World:
    for number in (1, 2):
        world.spool.put(number, b"Hello")
        world.say(Submitted(5, number, 7, Via.RELAY, "alice@example.org", ("bob@example.org", "carol@example.org")))
    world.say(*HITS)
    world.digest(hits=Hits(world.store.messages, lambda _hit, **_sent: NOBODY)).catch_up()
    assert world.store.messages.activity(1)[10].opens_unknown == 3
    return world


def _finish(work: Reclassifier) -> None:
    work.start()
    while work.step():
        pass


@pytest.mark.parametrize("copies", [1, 1000])
def test_all_is_as_if_it_had_been_judged_so_at_first(judged_by_nobody: World, copies: int) -> None:
    world = judged_by_nobody
    _finish(Reclassifier(world.history, world.store, judge, NEXT_RULES, copies))
    for hit in HITS:
        [event] = [one for one in world.history.timeline(hit.message, hit.copy) if one.at == hit.at]
        reported = judge(hit, sent_at=None)
        assert event.verdict == reported.verdict
        assert event.reasons == reported.reasons
        assert event.rules_version == NEXT_RULES
        assert event.facts.get("client", "") == reported.client
        assert event.address == "192.0.2.0"


@pytest.mark.parametrize("copies", [1, 1000])
def test_counts_follow_what_was_judged_again(judged_by_nobody: World, copies: int) -> None:
    world = judged_by_nobody
    _finish(Reclassifier(world.history, world.store, judge, NEXT_RULES, copies))
    bob, carol = world.store.messages.activity(1)[10], world.store.messages.activity(1)[11]
    link = world.store.messages.link_activity(1)[1]
    assert bob.opens == 1
    assert bob.opens_machine == 2
    assert bob.opens_unknown == 0
    assert bob.first_open_at == 100
    assert carol.clicks == 1
    assert carol.clicks_machine == 1
    assert carol.first_click_at == 500
    assert link.clicks == 1
    assert link.clicks_machine == 1
    assert link.clicks_unknown == 0
    assert link.last_at == 500


def test_its_progress_is_told(judged_by_nobody: World) -> None:
    work = Reclassifier(judged_by_nobody.history, judged_by_nobody.store, judge, NEXT_RULES, 1)
    total, running = work.start().total, []
    while work.step():
        running.append(work.progress().running)
    done = work.progress()
    assert total == done.done == len(HITS)
    assert all(running)
    assert done.running is False
    assert done.rules_version == NEXT_RULES
    assert done.changed == sum(judge(hit, sent_at=None).verdict is not Verdict.UNKNOWN for hit in HITS)


def test_what_is_judged_by_these_rules_is_not_judged_again(judged_by_nobody: World) -> None:
    work = Reclassifier(judged_by_nobody.history, judged_by_nobody.store, judge, NEXT_RULES)
    _finish(work)
    assert not work.start().running


def test_what_was_stopped_takes_no_further_step(judged_by_nobody: World) -> None:
    work = Reclassifier(judged_by_nobody.history, judged_by_nobody.store, judge, NEXT_RULES, 1)
    work.start()
    work.step()
    work.stop()
    assert not work.step()


@pytest.fixture
def stopped_and_killed(judged_by_nobody: World, monkeypatch: pytest.MonkeyPatch) -> World:
    """Judging again was stopped after its first step, and killed at its next one before the history had it."""
    world = judged_by_nobody
    first = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    first.start()
    first.step()
    first.stop()
    killed = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    killed.start()
    with monkeypatch.context() as patch:
        patch.setattr(world.history, "append", lambda *_, **__: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            _finish(killed)
    world.digest().catch_up()  # as a start does: what the history missed is in the feed
    return world


def test_stopped_and_killed_it_goes_on(stopped_and_killed: World) -> None:
    world = stopped_and_killed
    last = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    assert last.start().running
    while last.step():
        world.digest().catch_up()
    assert not last.start().running


def test_stopped_and_killed_it_counts_everything_once(stopped_and_killed: World) -> None:
    world = stopped_and_killed
    _finish(Reclassifier(world.history, world.store, judge, NEXT_RULES, 1))
    assert world.store.messages.activity(1)[10].opens == 1
    assert world.store.messages.link_activity(1)[1].clicks == 1
    assert world.history.total() == len(HITS) + 4
    corrections = [event for entry in world.store.feed.after(0) for event in entry.events if event.cause]
    assert {event.cause for event in corrections} == {RECLASSIFY}
    assert len({event.id for event in corrections}) == len(corrections) == 7


def test_a_dry_run_changes_nothing_and_says_what_would(judged_by_nobody: World) -> None:
    world = judged_by_nobody
    before = world.history.timeline(1)
    work = Reclassifier(world.history, world.store, judge, NEXT_RULES)
    work.start(dry_run=True)
    while work.step():
        pass
    done = work.progress()
    assert done.dry_run
    assert done.changed == 7
    assert done.changes["opened unknown machine"] == 2
    assert world.history.timeline(1) == before
    assert work.start().running


def test_since_leaves_what_is_earlier(judged_by_nobody: World) -> None:
    world = judged_by_nobody
    work = Reclassifier(world.history, world.store, judge, NEXT_RULES)
    work.start(since=300)
    while work.step():
        pass
    assert [event.verdict for event in world.history.timeline(1, 10)[1:]] == [
        Verdict.UNKNOWN,
        Verdict.UNKNOWN,
        Verdict.MACHINE,
    ]
    assert work.progress().done == 5


def test_it_comes_out_as_the_digest_judges(world: World) -> None:
    """Old events, judged one by one, become what the digest makes of the same hits today: verdicts and counts."""
    second = 1_000_000
    chrome = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0"
    hits = [
        Hit(n * second // 10, HitEndpoint.LINK, 1, 1, 10, n, "GET", f"{chrome} Safari/537.36", "192.0.2.0", {}, {})
        for n in range(1, 8)
    ]
    hits.append(_hit(11, 5 * second, HITS[0].user_agent))
    world.say(*hits)
    alone = WindowSettings(sweep_links=100, sweep_certain=100)
    windows = Windows(world.store.messages, world.history, alone)
    world.digest(hits=Hits(world.store.messages, rules_version=2), windows=windows).catch_up()
    assert world.store.messages.activity(1)[10].clicks == 7
    _finish(Reclassifier(world.history, world.store))
    done = world.store.messages.activity(1)
    assert done[10].clicks == 0
    assert done[10].clicks_machine == 7
    assert done[10].first_click_at is None
    assert done[11].opens == 1
    assert {event.first_verdict for event in world.history.timeline(1, 10)} == {Verdict.HUMAN}
    later = Hit(9 * second // 10, HitEndpoint.LINK, 1, 1, 10, 9, "GET", hits[0].user_agent, "192.0.2.0", {}, {})
    world.say(later)  # its window is there
    world.digest().catch_up()
    assert world.store.messages.activity(1)[10].clicks_machine == 8
