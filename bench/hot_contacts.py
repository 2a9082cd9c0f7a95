"""Hot contacts beside the truth: simulated recipients through the real rules, digest and projection.

    python bench/hot_contacts.py [--people 4000] [--seeds 3] [--no-result]

Each seed is a population that gets one mailing; a share of its readers comes back to it on further days. Called hot is
whom the store says so of, at the end of each of six days. The truth: this person, nobody else and no machine, opened or
visited the mail at least three times, not all within an hour, the last time within seven days, and has not answered.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

from result import table, write

from postlude.app.build.common import build_parts
from postlude.app.demo.clock import DAY, DemoClock
from postlude.app.demo.instance import DemoInstance
from postlude.app.simulate import in_process
from postlude.config import load
from postlude.kit.ids import id_run, new_id
from postlude.model.words import EngagementState
from postlude.population import Doer, SimulatedMailing, decide_fate, draw_readers, requests_of
from postlude.population.requests import REPLY

START = 20_600 * DAY + 9 * 3_600_000_000
HOUR = 3_600_000_000


async def play(people, seed):
    """Called hot and truly so, by the day: pairs of sets."""
    readers, mailing = draw_readers(people, seed), SimulatedMailing(seed)
    with tempfile.TemporaryDirectory(dir=Path(__file__).parent) as folder:
        parts = build_parts(load({"POSTLUDE_DATA": folder}))
        clock = DemoClock(START)
        async with DemoInstance(parts, clock) as instance:
            contacts = {instance.store.contacts.add(one.address, START).id: one.address for one in readers}
            message, ids = new_id(), id_run(len(readers))
            row = in_process._message(instance, message, START)  # noqa: SLF001 - a part of the fast form
            instance.store.digest.apply(in_process._sent(row, ids, readers, mailing))  # noqa: SLF001 - a part of the fast form
            asked = sorted(requests_to(readers, mailing, seed), key=lambda one: one[:2])
            found, told, last = [], [], 0
            for day in range(1, 7):
                until = START + day * DAY
                while asked and asked[0][0] < until:
                    at, place, request = asked.pop(0)
                    last = max(at, last + 1)
                    clock.move_to(last)
                    instance.see(in_process._hit(last, message, ids[place], request))  # noqa: SLF001 - a part of the fast form
                    told.append(in_process._told(last, ids[place], readers[place], request))  # noqa: SLF001 - a part of the fast form
                clock.move_to(until)
                await instance.digest()
                while instance.store.engagement.step(until):
                    pass
                states = instance.store.engagement.of_contacts(contacts)
                called = {contacts[one] for one, where in states.items() if where.state is EngagementState.HOT}
                found.append((called, truly_hot(told, until)))
            return found


def requests_to(readers, mailing, seed):
    """What the model says, and that one opener in twelve comes back to it two to six times, some to a link."""
    chance = random.Random(seed)
    for place, reader in enumerate(readers):
        some = [one for one in requests_of(reader, mailing, decide_fate(reader, mailing)) if one.link != REPLY]
        own = [one for one in some if one.doer is Doer.PERSON]
        if own and chance.random() < 1 / 12:
            for _ in range(chance.randrange(2, 7)):
                again = chance.choice(own)
                some.append(again._replace(after=again.after + chance.uniform(0.5, 80) * 3600))
        for one in some:
            yield START + place * 20_000 + int(one.after * 1_000_000), place, one


def truly_hot(hits, now):
    """Addresses."""
    visits = defaultdict(list)
    for hit in hits:
        if hit.doer is Doer.PERSON and hit.link >= -1 and hit.method == "GET":
            visits[hit.recipient].append(hit.at)
    return {
        who for who, at in visits.items() if len(at) >= 3 and max(at) - min(at) >= HOUR and now - max(at) <= 7 * DAY
    }


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--people", type=int, default=4000)
    wanted.add_argument("--seeds", type=int, default=3)
    wanted.add_argument("--no-result", action="store_true")
    options = wanted.parse_args()
    rows, sums = [], [0, 0, 0]
    for seed in range(1, options.seeds + 1):
        for day, (called, true) in enumerate(asyncio.run(play(options.people, seed)), 1):
            both = len(called & true)
            sums = [sum(pair) for pair in zip(sums, (len(called), len(true), both), strict=True)]
            rows.append([str(seed), str(day), str(len(called)), str(len(true)), share(both, called), share(both, true)])
            print(rows[-1], file=sys.stderr)
    rows.append(["all", "", *map(str, sums[:2]), f"{sums[2] / sums[0]:.3f}", f"{sums[2] / sums[1]:.3f}"])
    text = table(["seed", "day", "called hot", "truly hot", "precision (at least 0.95)", "recall"], rows)
    print(text)
    if not options.no_result:
        write("engagement", "Hot contacts beside the truth", f"python {' '.join(sys.argv)}", text)


def share(part, whole):
    return f"{part / len(whole):.3f}" if whole else "-"


if __name__ == "__main__":
    main()
