"""Verdicts beside the truth: simulated recipients and filters, through the real rules and the real digest.

    python bench/verdicts.py [--people 5000] [--seeds 5] [--sweeps 5000] [--what first second sweeps] [--no-result]

First the population of `postlude simulate` in process: precision and recall of machine clicks, people's clicks lost, by
habit of filter; then the same of a second population that shares no code with it. Then a mailing of --sweeps copies in
which the filters of 2 % of the recipients follow all four links within a second with a plain browser's string, as real
mail and real HTTP: how many people clicked, beside the truth.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from pathlib import Path

from result import table, write
from second_clicks import LINKS, mailing

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate.in_process import play_in_process
from postlude.app.simulate.measure import measure
from postlude.app.simulate.play import SimulatedPlay, SimulationOrder
from postlude.app.simulate.truth import SimulatedHit
from postlude.classify import RULES_VERSION, network_facts
from postlude.config import load
from postlude.kit.ids import id_run, new_id
from postlude.model.observation import Hit
from postlude.model.words import CopyStatus, EventKind, HitEndpoint, SendOutcome, Via
from postlude.population import Doer, SimulatedMailing, draw_readers
from postlude.store import AttemptResult, Batch, Copy, Link, Message, Submission

PEOPLE = {"human", "human_proxied"}
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
    rows, habits, lost = [], {}, []
    for seed in range(1, seeds + 1):
        readers = draw_readers(people, seed)
        result, _ = asyncio.run(play(readers, SimulatedMailing(seed)))
        done = measure(result.hits, result.events)
        of_people = done.clicks - done.by_machines
        lost.append((round(done.people_lost * of_people), of_people))
        tabs = {reader.address for reader in readers if reader.tabs}
        others = measure([hit for hit in result.hits if hit.recipient not in tabs], result.events)
        rows.append(
            [
                str(seed), f"{done.clicks:,}", f"{done.by_machines:,}", f"{done.precision:.4f}", f"{done.recall:.4f}",
                f"{done.people_lost:.2%}", f"{others.people_lost:.2%}", f"{done.opens_of_people_lost:.2%}",
            ]
        )  # fmt: skip
        add_habits(habits, done)
    heads = [
        "seed", "clicks", "by machines", "precision", "recall", "people's clicks lost",
        "without those who open three tabs at once", "people's opens lost",
    ]  # fmt: skip
    return "\n\n".join((table(heads, rows), of_all_seeds(lost), habit_table(habits)))


def of_all_seeds(lost):
    """The share of people's clicks lost in all seeds; the interval resamples seeds: a reader's clicks go together."""
    chance = random.Random(1)
    drawn = sorted(share(chance.choices(lost, k=len(lost))) for _ in range(10_000))
    low, high = drawn[len(drawn) // 40], drawn[-len(drawn) // 40]
    gone, every = map(sum, zip(*lost, strict=True))
    return (
        f"People's clicks lost in all {len(lost)} seeds: {gone:,} of {every:,}, {share(lost):.2%} (95 % interval "
        f"{low:.2%} to {high:.2%}, by resampling seeds)."
    )


def share(lost):
    gone, every = map(sum, zip(*lost, strict=True))
    return gone / every


def sweeps(copies):
    """People who clicked, counted and true, where 2 % of the filters sweep four links: real mail, real HTTP."""
    chance = random.Random(4)
    readers = [
        reader._replace(filter="later" if chance.random() < 0.02 else "")
        for reader in draw_readers(copies, 4, filtered=False)
    ]
    result, funnel = asyncio.run(through_the_edge(readers))
    clicked = {hit.copy for hit in result.hits if hit.link >= 0 and hit.doer.value in {"person", "friend"}}
    swept = {hit.copy for hit in result.hits if hit.link >= 0 and hit.doer.value == "machine"}
    clicks = [event for event in result.events if event.kind is EventKind.CLICKED]
    believed = {event.copy for event in clicks if event.verdict.value in PEOPLE}
    off = funnel.clicked / len(clicked) - 1
    return (
        f"Mailing of {copies:,} copies, 2 % of the filters ({len(swept):,} copies) sweep four links; sent as mail and "
        f"asked for over HTTP at a real edge: {funnel.clicked:,} copies clicked by people, {len(clicked):,} in truth "
        f"({off:+.1%}); {len(clicked - believed)} of them not seen, {len(believed - clicked)} taken for people."
    )


async def through_the_edge(readers):
    """The result, and the funnel as reports count it."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        parts = build_parts(load({"POSTLUDE_DATA": folder}))
        clock = DemoClock(START)
        async with DemoInstance(parts, clock) as instance:
            order = SimulationOrder(links=4, seed=4)
            result = await SimulatedPlay(instance, clock, order, lambda _done: None, readers).run()
            [variant] = instance.store.campaigns.variants(result.campaigns[0])
            return result, instance.store.campaigns.funnels([variant.message])[variant.message]


async def second(people, seed):
    """The measure of the second population, through digest and rules as `play_in_process`."""
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        parts = build_parts(load({"POSTLUDE_DATA": folder}))
        clock = DemoClock(START)
        async with DemoInstance(parts, clock) as instance:
            told, message = [], new_id()
            drawn = list(mailing(people, seed))
            ids = id_run(len(drawn))
            instance.store.digest.apply(copies_of(instance, message, ids, [person for person, _ in drawn]))
            asked = sorted(
                (START + place * 20_000 + int(one[0] * 1_000_000), place, one)
                for place, (_, requests) in enumerate(drawn)
                for one in requests
            )
            last = 0
            for number, (at, place, one) in enumerate(asked, 1):
                last = max(at, last + 1)
                clock.move_to(last)
                _, link, agent, address, method, damaged, doer, guard = one
                endpoint = HitEndpoint.PIXEL if link < 0 else HitEndpoint.LINK
                kept = f"{address.rpartition('.')[0]}.0"
                hit_of = HitEndpoint.DAMAGED_LINK if damaged else endpoint
                instance.see(
                    Hit(last, hit_of, 1, message, ids[place], link, method, agent, kept, {}, network_facts(address))
                )
                who = Doer.MACHINE if doer == "machine" else Doer.PERSON
                told.append(SimulatedHit(last, ids[place], "", link, who, method, "", guard))
                if number % 8_000 == 0:
                    await instance.digest()
            await instance.digest()
            return measure(told, instance.history.of_copies(ids))


def copies_of(instance, message, ids, people):
    row = Message(
        id=message, user=instance.user.id, message_id=f"{message:x}@second.example", subject="Second",
        sender=instance.user.address, mail_from="", via=Via.CLI, created_at=START,
    )  # fmt: skip
    links = tuple(Link(message, number, f"https://shop.example/{number}") for number in range(LINKS))
    copies = tuple(
        Copy(one, message, person.address, CopyStatus.QUEUED) for one, person in zip(ids, people, strict=True)
    )
    sent = [
        AttemptResult(one, SendOutcome.ACCEPTED, START + place * 20_000, 1, message=message)
        for place, one in enumerate(ids)
    ]
    return Batch(submissions=[Submission(row, links, copies)], attempts=sent)


def second_population(people, seeds):
    rows, habits = [], {}
    for seed in range(1, seeds + 1):
        done = asyncio.run(second(people, seed))
        rows.append(
            [
                str(seed), f"{done.clicks:,}", f"{done.by_machines:,}", f"{done.precision:.4f}", f"{done.recall:.4f}",
                f"{done.people_lost:.2%}", f"{done.opens_of_people_lost:.2%}",
            ]
        )  # fmt: skip
        add_habits(habits, done)
    heads = ["seed", "clicks", "by machines", "precision", "recall", "people's clicks lost", "people's opens lost"]
    return table(heads, rows) + "\n\n" + habit_table(habits)


def add_habits(habits, done):
    for name, (clicks, found) in done.by_habit.items():
        before = habits.get(name, (0, 0))
        habits[name] = (before[0] + clicks, before[1] + found)


def habit_table(habits):
    lines = [[name, f"{clicks:,}", f"{found / clicks:.1%}"] for name, (clicks, found) in habits.items()]
    return table(["filter", "clicks", "found"], lines)


PARTS = {
    "first": lambda options: [population(options.people, options.seeds)],
    "second": lambda options: [
        "The second population (`bench/second_clicks.py`):",
        second_population(options.people, options.seeds),
    ],
    "sweeps": lambda options: [sweeps(options.sweeps)],
}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=5_000)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--sweeps", type=int, default=5_000)
    parser.add_argument("--what", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    parts = [part for name in options.what for part in PARTS[name](options)]
    text = (
        f"Rules version {RULES_VERSION}; {options.people:,} recipients a seed. Floors: precision 0.98, recall 0.95, at "
        "most 0.5 % of people's clicks lost; people who clicked within 1 % of the truth. One reader of a hundred opens "
        "three links in tabs within seconds: an assumption, and exactly what a sweep looks like.\n\n"
        + "\n\n".join(parts)
    )
    if options.no_result:
        print(text)
    else:
        write("verdicts", "Verdicts on simulated recipients", f"python {' '.join(sys.argv)}", text)


if __name__ == "__main__":
    main()
