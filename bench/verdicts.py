"""Verdicts beside the truth: simulated recipients and filters, through the real rules and the real digest.

    python bench/verdicts.py [--people 5000] [--seeds 3] [--sweeps 5000] [--no-result]

First the population of `postlude simulate` in process: precision and recall of machine clicks, people's clicks lost, by
habit of filter. Then a mailing of --sweeps copies in which the filters of 2 % of the recipients follow all four links
within a second with a plain browser's string: how many clicked, beside the truth.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from result import table, write

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate.in_process import play_in_process
from postlude.app.simulate.measure import measure
from postlude.classify import RULES_VERSION
from postlude.config import load
from postlude.population import SimulatedMailing, draw_readers

START = 20_600 * DAY + 9 * 3_600_000_000


async def play(readers, mailing):
    """The result, and the funnel as reports count it."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        parts = build_parts(load({"POSTLUDE_DATA": folder}))
        clock = DemoClock(START)
        async with DemoInstance(parts, clock) as instance:
            result = await play_in_process(instance, clock, readers, mailing)
            return result, instance.store.campaigns.funnels(result.campaigns)[result.campaigns[0]]


def population(people, seeds):
    """One row a seed, and the habits of all."""
    rows, habits = [], {}
    for seed in range(1, seeds + 1):
        readers = draw_readers(people, seed)
        result, _ = asyncio.run(play(readers, SimulatedMailing(seed)))
        done = measure(result.hits, result.events)
        tabs = {reader.address for reader in readers if reader.tabs}
        others = measure([hit for hit in result.hits if hit.recipient not in tabs], result.events)
        rows.append(
            [
                str(seed), f"{done.clicks:,}", f"{done.by_machines:,}", f"{done.precision:.4f}", f"{done.recall:.4f}",
                f"{done.people_lost:.2%}", f"{others.people_lost:.2%}", f"{done.opens_of_people_lost:.2%}",
            ]
        )  # fmt: skip
        for name, (clicks, found) in done.by_habit.items():
            before = habits.get(name, (0, 0))
            habits[name] = (before[0] + clicks, before[1] + found)
    heads = [
        "seed", "clicks", "by machines", "precision", "recall", "people's clicks lost",
        "without those who open three tabs at once", "people's opens lost",
    ]  # fmt: skip
    lines = [[name, f"{clicks:,}", f"{found / clicks:.1%}"] for name, (clicks, found) in habits.items()]
    return table(heads, rows) + "\n\n" + table(["filter", "clicks", "found"], lines)


def sweeps(copies):
    """People who clicked, counted and true, where 2 % of the filters sweep four links."""
    chance = random.Random(4)
    readers = [
        reader._replace(filter="later" if chance.random() < 0.02 else "")
        for reader in draw_readers(copies, 4, filtered=False)
    ]
    result, funnel = asyncio.run(play(readers, SimulatedMailing(4, links=4)))
    clicked = {hit.copy for hit in result.hits if hit.link >= 0 and hit.doer.value in {"person", "friend"}}
    off = funnel.clicked / len(clicked) - 1
    return (
        f"Mailing of {copies:,} copies, 2 % of the filters sweep four links: {funnel.clicked:,} copies clicked by "
        f"people, {len(clicked):,} in truth ({off:+.1%})."
    )


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--sweeps", type=int, default=5_000)
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    text = (
        f"Rules version {RULES_VERSION}; {options.people:,} recipients a seed. Floors: precision 0.98, recall 0.95, at "
        "most 0.5 % of people's clicks lost; people who clicked within 1 % of the truth. One reader of a hundred opens "
        "three links in tabs within seconds: an assumption, and exactly what a sweep looks like.\n\n"
        f"{population(options.people, options.seeds)}\n\n{sweeps(options.sweeps)}"
    )
    if options.no_result:
        print(text)
    else:
        write("verdicts", "Verdicts on simulated recipients", f"python {' '.join(sys.argv)}", text)


if __name__ == "__main__":
    main()
