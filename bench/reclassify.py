"""Judging the history again: events a second of one core, and whether it takes ten times as long for ten times as much.

    python bench/reclassify.py [--events 60000 600000] [--no-result]

Events that were judged one by one by older rules, 2 % of the copies with a sweep of four links; fresh stores (SQLite,
DuckDB). Processor time of the steps alone.
"""

import argparse
import shutil
import sys
import tempfile
import time
from pathlib import Path

import msgspec
from result import table, write
from windows import MESSAGE, hits

from postlude.classify import judge
from postlude.history import open_history
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_run
from postlude.model.event import Event
from postlude.model.words import CopyStatus, EventKind, HitEndpoint, Via
from postlude.services.digest.reclassify import Reclassifier
from postlude.store import Batch, Copy, Message, Submission, open_store

BATCH = 8_000
AT_ONCE = 1_000
OF_A_MESSAGE = 400_000


def fill(store, history, events):
    """Message after message, so that memory stays flat."""
    total = 0
    while total < events:
        total += fill_message(store, history, min(events - total, OF_A_MESSAGE), MESSAGE + total, total)
    return total


def fill_message(store, history, events, number, before):
    now = SystemClock().now()
    copies, found = hits(events, now, message=number)
    runs = (one for _ in range(0, len(copies), AT_ONCE) for one in id_run(AT_ONCE))  # as campaigns give them
    known_as = dict(zip(copies, runs, strict=False))
    copies, found = list(known_as.values()), [msgspec.structs.replace(hit, copy=known_as[hit.copy]) for hit in found]
    message = Message(
        id=number, user=1, message_id=f"{number}@x", subject="Autumn", sender="a@x.example", mail_from="", via=Via.CLI,
        created_at=now,
    )  # fmt: skip
    rows = tuple(Copy(one, number, f"r{one}@x{one % 50}.example", CopyStatus.SENT) for one in copies)
    store.digest.apply(Batch(submissions=[Submission(message, (), rows)]))
    known = {}
    for start in range(0, len(found), BATCH):
        made = []
        for place, hit in enumerate(found[start : start + BATCH], before + start + 1):
            key = hit.endpoint, hit.user_agent
            if key not in known:
                known[key] = judge(hit, sent_at=None), {"user_agent": hit.user_agent}
            judged, facts = known[key]
            kind = EventKind.CLICKED if hit.endpoint is HitEndpoint.LINK else EventKind.OPENED
            made.append(
                Event(
                    place, kind, hit.at, number, hit.copy, hit.position, judged.verdict, judged.reasons, 1, facts,
                    hit.address,
                )
            )  # fmt: skip
        entry = store.digest.apply(Batch(events=made))
        history.append(made, {}, number=entry.first)
    return len(found)


def measure(events):
    folder = Path(tempfile.mkdtemp())
    store, history = open_store(f"sqlite:///{folder}/state.sqlite"), open_history(folder / "history.duckdb")
    total = fill(store, history, events)
    while history.merge():  # what the digest does in quiet times
        pass
    print(f"{total:,} events are there", file=sys.stderr)
    work = Reclassifier(history, store)
    begun = time.process_time()
    work.start()
    while work.step():
        pass
    spent = time.process_time() - begun
    changed = work.progress().changed
    history.close()
    store.close()
    shutil.rmtree(folder)
    print(f"{total:,} events: {total / spent:,.0f} a second, {changed:,} changed", file=sys.stderr)
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
