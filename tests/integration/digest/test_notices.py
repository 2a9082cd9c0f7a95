"""What acts on opens and clicks hears of those whose verdict has stood, and of those that turned out otherwise."""

from typing import Any

import pytest

from postlude.model.observation import Hit
from postlude.model.words import EventKind, HitEndpoint
from postlude.services.notices import Notices

World = Any  # conftest.World: tests are found by path and cannot import one another
S = 1_000_000
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
)


class HandClock:
    def __init__(self) -> None:
        self.at = 1_800_000_000 * S

    def now(self) -> int:
        return self.at


def _click(seconds: float, link: int, copy: int = 10) -> Hit:
    at = 1_800_000_000 * S + round(seconds * S)
    return Hit(at, HitEndpoint.LINK, 1, 1, copy, link, "GET", CHROME, "192.0.2.0", {}, {})


class Told:
    def __init__(self, world: World) -> None:
        self.world, self.clock = world, HandClock()
        self.restart()

    def restart(self) -> None:
        self.notices = Notices(self.world.store, self.clock)
        self._digest = self.world.digest(notices=self.notices)

    def hits(self, *hits: Hit) -> None:
        self.world.say(*hits)
        self._digest.catch_up()

    def later(self, seconds: float) -> list[int]:
        """Positions of the clicks told of once this time has passed."""
        self.clock.at += round(seconds * S)
        return [notice.position for notice in self.notices.step()]


@pytest.fixture
def told(world: World) -> Told:
    world.digest().catch_up()
    return Told(world)


def test_a_sweep_tells_nothing(told: Told) -> None:
    told.hits(_click(43, 0))
    early = told.later(0.5)
    told.hits(*(_click(43 + n / 20, n) for n in range(1, 10)))
    assert early + told.later(11) == []


def test_a_click_is_told_once_when_it_has_stood(told: Told) -> None:
    told.hits(_click(4000, 3))
    assert [told.later(seconds) for seconds in (9, 2, 100)] == [[], [3], []]


def test_a_click_after_a_sweep_is_told(told: Told) -> None:
    told.hits(*(_click(43 + n / 20, n) for n in range(10)))
    told.later(11)
    told.hits(_click(4000, 3))
    assert told.later(11) == [3]


def test_a_notice_says_what_happened(told: Told) -> None:
    told.hits(_click(4000, 3))
    told.later(11)
    [notice] = told.world.store.notices.latest()
    assert notice.kind is EventKind.CLICKED
    assert notice.workspace == 1
    assert notice.taken_back_at is None


def test_what_was_told_and_turns_out_a_machine_s_is_taken_back(told: Told) -> None:
    told.hits(_click(43, 0))
    assert told.later(11) == [0]
    told.hits(*(_click(43 + n / 20, n) for n in range(1, 6)))  # these came late
    assert told.later(0) == []
    [notice] = told.world.store.notices.latest(message=1)
    assert notice.taken_back_at == told.clock.at


def test_a_restart_forgets_nothing_and_tells_nothing_twice(told: Told) -> None:
    told.hits(_click(43, 0))
    assert told.later(11) == [0]
    told.hits(_click(500, 1))
    told.restart()
    told.hits(_click(900, 2))
    assert sorted(told.later(11)) == [1, 2]
    told.restart()
    told.hits()
    assert told.later(100) == []
    assert len(told.world.store.notices.latest()) == 3


def test_old_notices_end(told: Told) -> None:
    told.hits(_click(43, 0))
    told.later(11)
    told.world.store.notices.forget_before(told.clock.at + 1)
    assert told.world.store.notices.latest() == []
