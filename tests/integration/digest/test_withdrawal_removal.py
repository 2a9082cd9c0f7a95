"""What a withdrawal takes out later leaves no trace in verdicts, counts and notices, and what stays is judged alone."""

from collections.abc import Callable
from typing import Any

import pytest

from postlude.model.event import LATE_FACTS
from postlude.model.observation import Hit
from postlude.model.words import EventKind, HitEndpoint, Verdict
from postlude.services.notices import Notices
from support.withdrawals import hit, recorded, two_sent, withdraw

World = Any  # conftest.World: tests are found by path and cannot import one another
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


@pytest.fixture
def sent(world: World) -> World:
    return two_sent(world)


def _click(at: float, position: int, copy: int = 10) -> Hit:
    when = round(at * 1_000_000)
    return Hit(when, HitEndpoint.LINK, 1, copy // 10, copy, position, "GET", CHROME, "192.0.2.0", {}, {})


def _verdicts(world: World, copy: int = 10) -> list[Verdict]:
    return [event.verdict for event in world.history.of_copies([copy]) if event.kind is EventKind.CLICKED]


def test_hits_that_stay_are_judged_with_later_ones_as_before(sent: World) -> None:
    """Opens are withdrawn from an earlier time on: the copy's clicks are still looked at together."""
    digest = sent.digest()
    sent.say(_click(50, 0), _click(50.1, 1), hit(10, 51_000_000))
    digest.catch_up()
    sent.say(withdraw(20, 20_000_000, opens="off", clicks="on"))
    digest.catch_up()
    sent.say(_click(50.2, 2))
    digest.catch_up()
    assert _verdicts(sent) == [Verdict.MACHINE_SUSPECTED] * 3
    assert sent.store.messages.activity(1)[10].clicks_machine == 3


def test_hits_that_stay_are_judged_without_those_that_were_taken_out(sent: World) -> None:
    """A sweep of links of which all but the first may not be recorded: of the first nothing is known but itself."""
    digest = sent.digest()
    sent.say(*(_click(50 + n / 10, n) for n in range(4)))
    digest.catch_up()
    sent.say(withdraw(20, 50_050_000))
    digest.catch_up()
    assert _verdicts(sent) == [Verdict.HUMAN]
    done = sent.store.messages.activity(1)[10]
    assert done.clicks == 1
    assert done.clicks_machine == 0
    assert done.first_click_at == 50_000_000
    assert [link.clicks for link in sent.store.messages.link_activity(1).values()] == [1]
    feed = [event for entry in sent.store.feed.after(0) for event in entry.events if event.cause == LATE_FACTS]
    assert [event.first_verdict for event in feed] == [Verdict.MACHINE_SUSPECTED]
    assert sent.history.cursor() == sent.store.feed.head()


class HandClock:
    def __init__(self) -> None:
        self.at = 1_800_000_000_000_000

    def now(self) -> int:
        return self.at


class _Crash:
    """Dies at the n-th call of one of its own, before or after it did its work."""

    def __init__(self, call: Callable[..., Any], number: int, *, after: bool) -> None:
        self._call, self._left, self._after = call, number, after

    def __call__(self, *given: Any, **named: Any) -> Any:
        self._left -= 1
        if self._left or self._after:
            done = self._call(*given, **named)
        if not self._left:
            raise KeyboardInterrupt
        return done


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("place", ["state", "history"])
def test_a_crash_between_the_stores_is_made_good(
    sent: World, monkeypatch: pytest.MonkeyPatch, place: str, number: int, after: bool
) -> None:
    digest = sent.digest()
    sent.say(*(_click(50 + n / 10, n) for n in range(4)), hit(10, 50_400_000))
    digest.catch_up()
    sent.say(withdraw(10, 50_050_000))
    where, name = (sent.store.digest, "apply") if place == "state" else (sent.history, "append")
    with monkeypatch.context() as patched:
        patched.setattr(where, name, _Crash(getattr(where, name), number, after=after))
        with pytest.raises(KeyboardInterrupt):
            digest.catch_up()
    sent.digest().catch_up()
    assert recorded(sent) == [(50_000_000, 10, "clicked")]
    assert _verdicts(sent) == [Verdict.HUMAN]
    bob = sent.store.messages.activity(1)[10]
    assert bob.opens == 0
    assert bob.clicks == 1
    assert bob.clicks_machine == 0
    assert sent.history.cursor() == sent.store.feed.head()


@pytest.mark.parametrize("told", [False, True])
def test_a_notice_of_what_was_taken_out_goes_too(sent: World, told: bool) -> None:
    clock = HandClock()
    notices = Notices(sent.store, clock, hold_seconds=10)
    digest = sent.digest(notices=notices)
    digest.catch_up()
    sent.say(hit(10, 90), hit(10, 110))
    digest.catch_up()
    if told:
        clock.at += 11_000_000
        assert len(notices.step()) == 2
    sent.say(withdraw(10, 100))
    digest.catch_up()
    clock.at += 11_000_000
    notices.step()
    assert [notice.at for notice in sent.store.notices.latest()] == [90]
