"""The digest for bench/digest.py: reads a journal into a history, with or without projections; says how long it took.

    python digest_serve.py FOLDER [alone:]STATE_URL

Prints one JSON line for every line it reads on standard input: events so far, and how long after they were seen a
sample of them could be queried. Ends when its input does.
"""

import gc
import json
import sys
import threading
from pathlib import Path

from postlude.history import open_history
from postlude.journal import JournalReader
from postlude.kit.clock import SystemClock
from postlude.services.change_feed import Changes
from postlude.services.digest.hits import Hits
from postlude.services.digest.loop import COLLECT, Digest
from postlude.services.digest.steps import RecordSteps
from postlude.store import FeedEntry, open_store

EVERY = 97  # one event of so many is timed
CLOCK = SystemClock()


class TimedHistory:
    """The real history; notes how old events are once their transaction is committed."""

    def __init__(self, path):
        self.real = open_history(path)
        self.ages = []
        self.events = 0

    def __getattr__(self, name):
        return getattr(self.real, name)

    def append(self, events, positions, **more):
        self.real.append(events, positions, **more)
        now = CLOCK.now()
        self.events += len(events)
        self.ages += [now - event.at for event in events[::EVERY]]


class HistoryAlone:
    """A store that keeps nothing but where it is, so that only the history is measured."""

    def __init__(self, store):
        self.store = store
        self.places = {}

    def __getattr__(self, name):
        return getattr(self.store, name)

    def positions(self):
        return dict(self.places)

    def apply(self, batch):
        self.places |= batch.positions
        return FeedEntry(events=batch.events)


def _none(*_):
    """Hits are all there is."""


def main():
    folder, url = Path(sys.argv[1]), sys.argv[2]
    alone = url.startswith("alone:")
    store = open_store(url.removeprefix("alone:"))
    history = TimedHistory(folder / "history.duckdb")
    kept = HistoryAlone(store) if alone else store
    digest = Digest(
        journal=JournalReader(folder / "journal"),
        store=kept,  # type: ignore[arg-type]  # what the digest asks a store for
        history=history,
        record_steps=RecordSteps(submissions=_none, returned=_none, hits=Hits(store.messages)),
        changes=Changes(),
        clock=CLOCK,
    )
    gc.set_threshold(*COLLECT)
    gc.collect()
    gc.freeze()
    stop = threading.Event()
    thread = threading.Thread(target=digest.run, args=(stop,))
    thread.start()
    for _ in sys.stdin:
        ages, history.ages = sorted(history.ages), []
        reported = {"events": history.events, "batches": digest.state.batches, "problem": digest.problem}
        reported |= {"seconds": {name: round(value, 3) for name, value in digest.state.seconds.items()}}
        if ages:
            reported |= {"p50": ages[len(ages) // 2] / 1000, "p99": ages[len(ages) * 99 // 100] / 1000}
        print(json.dumps(reported), flush=True)
    stop.set()
    thread.join()
    history.real.close()
    store.close()


if __name__ == "__main__":
    main()
