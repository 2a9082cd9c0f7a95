"""The fast form gives the digest what the edge would give it."""

from pathlib import Path

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate.in_process import play_in_process
from postlude.app.simulate.measure import measure
from postlude.app.simulate.play import SimulationResult
from postlude.config import load
from postlude.model.words import EventKind
from postlude.population import SimulatedMailing, draw_readers

START = 20_000 * DAY


async def play(folder: Path) -> SimulationResult:
    clock = DemoClock(START)
    async with DemoInstance(build_parts(load({"POSTLUDE_DATA": str(folder)})), clock) as instance:
        return await play_in_process(instance, clock, draw_readers(400, 2), SimulatedMailing(1))


async def test_every_click_becomes_an_event_that_the_truth_knows(tmp_path: Path) -> None:
    result = await play(tmp_path / "data")
    clicks = {(hit.copy, hit.at) for hit in result.hits if hit.link >= 0}
    assert {(event.copy, event.at) for event in result.events if event.kind is EventKind.CLICKED} == clicks


async def test_the_same_seed_meets_the_same_verdicts(tmp_path: Path) -> None:
    one, other = [await play(tmp_path / name) for name in ("one", "other")]
    assert measure(one.hits, one.events) == measure(other.hits, other.events)
