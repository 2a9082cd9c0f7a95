"""Judging the history again: events a second of one core, and whether it takes ten times as long for ten times as much.

    python bench/reclassify.py [--events 60000 600000] [--no-result]

Mailings of 30,000 copies to the simulator's readers, each with at least one hit, that older rules judged one by one:
windows are not stored yet, and each is written. Fresh stores (SQLite, DuckDB), filled by `bulk`. Processor time of the
steps alone, with all threads of the process.
"""

import argparse
import random
import shutil
import sys
import tempfile
import time
from pathlib import Path

from bulk import EPOCH, BulkLoad, StoryEvent
from result import table, write

from postlude.classify import RULES_VERSION, judge, network_facts
from postlude.edge import AddressForm
from postlude.edge.address import AddressKeeper
from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.observation import Hit
from postlude.model.words import EventKind, HitEndpoint, Via
from postlude.population import SimulatedMailing, decide_fate, draw_readers, requests_of
from postlude.population.requests import PIXEL, UNSUBSCRIBE
from postlude.services.digest.reclassify import Reclassifier
from postlude.store import Message
from postlude.store.messages.tables import HOUR_US

COPIES = 30_000
READERS = 5_000
KEEPER = AddressKeeper(AddressForm.TRUNCATED, None)
ENDPOINTS = {PIXEL: HitEndpoint.PIXEL, UNSUBSCRIBE: HitEndpoint.UNSUBSCRIBE_PAGE}
KINDS = {HitEndpoint.PIXEL: EventKind.OPENED, HitEndpoint.LINK: EventKind.CLICKED}


def stories_of_readers(count, seed):
    """What each of the simulator's readers asks for, judged one by one; of those who ask for anything."""
    mailing = SimulatedMailing(seed)
    for reader in draw_readers(count, seed):
        asked = [one for one in requests_of(reader, mailing, decide_fate(reader, mailing)) if one.link >= UNSUBSCRIBE]
        if asked:
            yield [story_event(one, {reader.line, reader.mobile}) for one in asked]


def story_event(request, own):
    """What older rules made of it."""
    who = request.program
    after = int(request.after * MICROS_PER_SECOND)
    endpoint = HitEndpoint.DAMAGED_LINK if request.damaged else ENDPOINTS.get(request.link, HitEndpoint.LINK)
    kind = EventKind.VIEWED if request.method == "HEAD" else KINDS.get(endpoint, EventKind.VIEWED)
    facts = network_facts(who.address)
    hit = Hit(
        EPOCH + after, endpoint, 1, 1, 1, -1 if request.damaged else max(request.link, -1), request.method,
        who.user_agent, KEEPER.keep(who.address, EPOCH), {}, facts,
    )  # fmt: skip
    judged = judge(hit, sent_at=EPOCH)
    told = {"user_agent": who.user_agent} | facts | ({"client": judged.client} if judged.client else {})
    if kind is EventKind.VIEWED:
        told |= {"page": endpoint.value} | ({"method": "HEAD"} if request.method == "HEAD" else {})
    return StoryEvent(
        kind, after, hit.position, judged.verdict, judged.reasons, RULES_VERSION - 1, told, hit.address,
        own=who.address in own,
    )  # fmt: skip


def fill(folder, events):
    """Mailing after mailing, an hour apart, until there are about so many events."""
    chance = random.Random(events)
    with BulkLoad(folder) as load:
        book = load.learn(stories_of_readers(READERS, 7))
        while load.events < events:
            number = 1 + len(load.messages)
            at = EPOCH + number * HOUR_US
            message = Message(
                id=number, user=1, message_id=f"{number}@x", subject="Autumn", sender="a@x.example", mail_from="",
                via=Via.CLI, created_at=at,
            )  # fmt: skip
            each = sum(map(len, book.stories)) / len(book.stories)
            count = max(1, min(COPIES, round((events - load.events) / each)))
            people = [f"r{number}.{place}@x{place % 50}.example" for place in range(count)]
            load.mailing(message, book, people, chance.choices(range(len(book.stories)), k=count), at=at)
    return load


def measure(events):
    folder = Path(tempfile.mkdtemp())
    try:
        load = fill(folder, events)
        print(
            f"{load.events:,} events are there after {load.seconds:.0f} s of processor time",
            file=sys.stderr,
            flush=True,
        )
        return judged_again(load)
    finally:
        shutil.rmtree(folder)


def tell(text):
    print(text, file=sys.stderr, flush=True)


def judged_again(load):
    """How many events, how many of them have another verdict now, and the processor seconds."""
    store, history = load.stores()
    work = Reclassifier(history, store)
    begun = time.process_time()
    work.start()
    while work.step():
        pass
    spent = time.process_time() - begun
    changed, total = work.progress().changed, work.progress().total
    history.close()
    store.close()
    tell(f"{total:,} events: {total / spent:,.0f} a second, {changed:,} changed")
    return total, changed, spent


def main():
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--events", type=int, nargs="+", default=[60_000, 600_000])
    wanted.add_argument("--no-result", action="store_true")
    options = wanted.parse_args()
    measured = [measure(events) for events in options.events]
    first = measured[0][2] / measured[0][0]
    rows = [
        [
            f"{total:,}",
            f"{changed:,}",
            f"{total / spent:,.0f}",
            f"{spent / total * 1e6:.1f}",
            f"{spent / total / first:.2f}",
        ]
        for total, changed, spent in measured
    ]
    text = table(["events", "changed", "events/s of one core", "CPU us an event", "of the first row"], rows)
    print(text)
    if not options.no_result:
        floors = "At least 15,000 events a second, and at most 1.2 times the time an event at ten times as many."
        write("reclassify", "Judging again", "python bench/reclassify.py", f"{floors}\n\n{text}")


if __name__ == "__main__":
    main()
