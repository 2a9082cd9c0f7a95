"""`postlude simulate`, without its words: a simulation in an empty instance."""

from pathlib import Path
from typing import NamedTuple

from postlude.app.demo.clock import DemoClock
from postlude.app.demo.fill import fill_with
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate.in_process import play_in_process
from postlude.app.simulate.measure import ClickMeasure, measure
from postlude.app.simulate.play import BETWEEN, Progress, SimulatedPlay, SimulationOrder, SimulationResult
from postlude.app.simulate.truth import write_truth
from postlude.config import Settings
from postlude.kit.clock import SystemClock
from postlude.model.errors import InputError
from postlude.population import draw_readers


class Simulated(NamedTuple):
    """What is there now, and how the rules did."""

    held: dict[str, int]
    requests: int
    measure: ClickMeasure


def simulate(settings: Settings, order: SimulationOrder, *, truth: Path | None, progress: Progress) -> Simulated:
    """Play it, ending now. InputError for an order without sense; refuses a used instance as the demo does."""
    for name, least in (("people", 1), ("mailings", 1), ("links", 0)):
        if getattr(order, name) < least:
            raise InputError(f"--{name} is {getattr(order, name)}: it is at least {least}")
    end = SystemClock().now()
    results: list[SimulationResult] = []

    async def story(instance: DemoInstance, clock: DemoClock) -> None:
        if not order.in_process:
            results.append(await SimulatedPlay(instance, clock, order, progress).run())
            return
        readers = draw_readers(order.people, order.seed)
        for number in range(order.mailings):
            began = clock.now()
            results.append(await play_in_process(instance, clock, readers, order.mailing(number)))
            clock.move_to(began + BETWEEN)
            progress((number + 1) / order.mailings)

    held = fill_with(settings, story, start=end - order.mailings * BETWEEN, end=end, seed=order.seed)
    hits = [hit for result in results for hit in result.hits]
    if truth is not None:
        write_truth(truth, [*(copy for result in results for copy in result.copies), *hits])
    return Simulated(held, len(hits), measure(hits, [event for result in results for event in result.events]))
