"""Judging again changes verdicts, counts and first times, from what was kept of a hit, at any number of stops."""

from typing import Any

import pytest

from postlude.classify import RULES_VERSION, Judgement, judge
from postlude.model.observation import Hit, Submitted
from postlude.model.words import HitEndpoint, Verdict, Via
from postlude.services.digest.hits import Hits
from postlude.services.digest.reclassify import Reclassifier

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
    work = Reclassifier(world.history, world.store, judge, NEXT_RULES, copies)
    assert work.start().total == len(HITS)
    while work.step():
        assert work.progress().running
    done = work.progress()
    assert done.running is False
    assert done.done == len(HITS)
    assert done.rules_version == NEXT_RULES
    for hit in HITS:
        [event] = [one for one in world.history.timeline(hit.message, hit.copy) if one.at == hit.at]
        reported = judge(hit, sent_at=None)
        assert event.verdict == reported.verdict
        assert event.reasons == reported.reasons
        assert event.rules_version == NEXT_RULES
        assert event.facts.get("client", "") == reported.client
        assert event.address == "192.0.2.0"
    bob, carol = world.store.messages.activity(1)[10], world.store.messages.activity(1)[11]
    assert bob.opens == 1
    assert bob.opens_machine == 2
    assert bob.opens_unknown == 0
    assert bob.first_open_at == 100
    assert carol.clicks == 1
    assert carol.clicks_machine == 1
    assert carol.first_click_at == 500
    link = world.store.messages.link_activity(1)[1]
    assert link.clicks == 1
    assert link.clicks_machine == 1
    assert link.clicks_unknown == 0
    assert link.last_at == 500
    assert done.changed == sum(judge(hit, sent_at=None).verdict is not Verdict.UNKNOWN for hit in HITS)
    assert not work.start().running


def test_stopped_or_killed_anywhere_it_goes_on(judged_by_nobody: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world = judged_by_nobody
    first = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    first.start()
    first.step()
    first.stop()
    assert not first.step()
    killed = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    killed.start()
    with monkeypatch.context() as patch:
        patch.setattr(world.history, "replace", lambda _events: (_ for _ in ()).throw(OSError("killed")))
        with pytest.raises(OSError, match="killed"):
            killed.step()
    last = Reclassifier(world.history, world.store, judge, NEXT_RULES, 1)
    assert 0 < last.start().total < len(HITS)
    while last.step():
        world.digest().catch_up()
    assert world.store.messages.activity(1)[10].opens == 1
    assert world.store.messages.link_activity(1)[1].clicks == 1
    assert world.history.outdated(2) == 0
    assert world.history.total() == len(HITS) + 4
