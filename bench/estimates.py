"""Estimated opens beside the truth, where Apple and blocked images hide them; and beside Brevo's published formula.

    python bench/estimates.py [--campaigns 1000] [--no-result]

Each campaign has an audience of 400 to 4,000 and up to four earlier campaigns to it. People whose opens are hidden open
0.6 to 1.4 times as much as the others: for half of the audiences the same in each campaign, else drawn anew. The
estimator sees what a server sees: pixels, clicks, replies. Brevo's formula: open rate of the knowable times all
delivered; both are compared on the copies that hide it.
"""

import argparse
import random
import sys
from collections import defaultdict
from statistics import mean

from result import table, write
from second_population import Audience

from postlude.analytics import CopyGroup, PastKind, count_groups, estimate_opens
from postlude.population import SimulatedMailing, decide_fate, draw_readers


class First:
    """`postlude.population` as an audience."""

    def __init__(self, count, seed):
        self.chance = random.Random(f"first {seed}")
        self.people = draw_readers(count, seed, filtered=False)
        self.number = seed * 1000
        self.images = {"apple-privacy": "apple", "images-blocked": "blocked"}

    def campaign(self, times):
        self.number += 1
        chance = self.chance
        mailing = SimulatedMailing(
            self.number, opens=chance.uniform(0.15, 0.5), clicks=chance.uniform(0.06, 0.25), unknowable=times, bounces=0
        )
        for reader in self.people:
            fate = decide_fate(reader, mailing)
            images = self.images.get(reader.reading, "seen")
            loaded = images == "apple" and (chance.random() < 0.92 or fate.opened)
            yield images, fate.opened, bool(fate.links) or fate.replied, loaded


def run(kind, seed):
    """Estimate, truth and Brevo's figure for the hidden copies of one campaign."""
    chance = random.Random(f"campaign {seed}")
    audience = kind(int(400 * 10 ** chance.random()), seed)
    lasting = chance.uniform(0.6, 1.4) if chance.random() < 0.5 else None
    past = [[0, 0, 0, 0, 0] for _ in audience.people]  # delivered, responded, seen, Apple's, responded unseen
    for _ in range(chance.randrange(5)):
        for told, (images, opened, responded, loaded) in zip(
            past, audience.campaign(lasting or chance.uniform(0.6, 1.4)), strict=True
        ):
            told[0] += 1
            told[1] += responded
            told[2] += opened and images == "seen"
            told[3] += loaded
            told[4] += responded and images == "blocked"
    groups: dict[tuple[bool, bool, bool, PastKind], list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    truth = 0
    knowable = [0, 0]
    for told, (images, opened, responded, loaded) in zip(
        past, audience.campaign(lasting or chance.uniform(0.6, 1.4)), strict=True
    ):
        group = groups[opened and images == "seen", loaded, responded, kind_of(told)]
        for place, more in enumerate((1, told[0], told[1], max(told[2], told[1]))):
            group[place] += more
        truth += opened and images != "seen"
        if images == "seen":
            knowable[0] += 1
            knowable[1] += opened
    hidden = len(past) - knowable[0]
    found = estimate_opens(
        count_groups(CopyGroup(some[0], *key, some[1], some[2], some[3]) for key, some in groups.items())
    )
    return found, truth, hidden * knowable[1] / knowable[0], hidden


def kind_of(told):
    if told[2]:
        return PastKind.SEEN
    if told[3]:
        return PastKind.APPLE
    return PastKind.BLOCKED if told[4] else PastKind.NOTHING


def measure(name, kind, campaigns, first=0):
    held, off, brevo, width = 0, [], [], []
    for seed in range(first, first + campaigns):
        found, truth, formula, hidden = run(kind, seed)
        held += found.low <= truth <= found.high
        off.append(abs(found.opened - truth) / hidden)
        brevo.append(abs(formula - truth) / hidden)
        width.append((found.high - found.low) / hidden)
    ratio = mean(off) / mean(brevo)
    return [
        name, f"{campaigns:,}", f"{held / campaigns:.1%}", f"{mean(off):.2%}", f"{mean(brevo):.2%}", f"{ratio:.2f}",
        f"{mean(width):.1%}",
    ]  # fmt: skip


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--campaigns", type=int, default=1_000)
    parser.add_argument("--first", type=int, default=0, help="Seed of the first campaign.")
    parser.add_argument("--no-result", action="store_true", help="print only")
    options = parser.parse_args()
    heads = [
        "population", "campaigns", "90 % interval holds the truth", "mean error, of the hidden copies",
        "Brevo's formula", "ratio", "mean width of the interval",
    ]  # fmt: skip
    rows = [
        measure("postlude.population", First, options.campaigns, options.first),
        measure("bench/second_population.py", Audience, options.campaigns, options.first),
    ]
    text = "Floors: the interval holds the truth in 85 to 95 %; ratio at most 0.7.\n\n" + table(heads, rows)
    if options.no_result:
        print(text)
    else:
        write("estimates", "Estimates of hidden opens", f"python {' '.join(sys.argv)}", text)


if __name__ == "__main__":
    main()
