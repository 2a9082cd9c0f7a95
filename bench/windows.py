"""What rules over several hits cost the digest: the same journal with and without them, in turns, in one run.

    python bench/windows.py [--events 200000] [--rounds 3] [--url URL] [--no-result]

One process digests a journal that was written before: copies with one to five hits of people, and 2 % with a sweep of
four links; once more with clicks through image proxies, each of which a rule has to look at. Processor time of the
digest alone; the ratio of the medians is what counts.
"""

import argparse
import gc
import random
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from statistics import median

from result import table, write

from postlude.history import open_history
from postlude.journal import JournalReader, JournalWriter
from postlude.kit.clock import SystemClock
from postlude.model.observation import Hit, encode_observation
from postlude.model.words import CopyStatus, HitEndpoint, SendOutcome, Via
from postlude.services.change_feed import Changes
from postlude.services.digest.hits import Hits
from postlude.services.digest.item import Item
from postlude.services.digest.loop import COLLECT, Digest
from postlude.services.digest.reconsider import Review, Windows
from postlude.services.digest.steps import RecordSteps
from postlude.store import AttemptResult, Batch, Copy, Corrections, Message, Submission, open_store

MESSAGE = 4711
AGENTS = [
    form.format(n, n)
    for n in range(120, 135)
    for form in (
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{}.0) Gecko/20100101 Thunderbird/{}.0",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{}.0.0.0 Safari/537.36",
        "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy) {}",
    )
]
NETWORKS = 20_000  # that recipients are in
PARTS = {1: 55, 2: 25, 3: 12, 5: 8}
"""Hits a copy: percent of copies."""


MIXES = {"people and sweeps": False, "with clicks through image proxies": True}


class WithoutWindows(Windows):
    """Every hit by itself, as before there were rules over several."""

    def review(self, items: Iterable[Item]) -> Review:
        return Review([event for item in items for event in item.meaning.events], Corrections(), {})


def hits(events: int, now: int, *, proxy_clicks: bool = False, message: int = MESSAGE) -> tuple[list[int], list[Hit]]:
    """`proxy_clicks`: who reads through an image proxy also clicks through it, which no real one does."""
    chance = random.Random(message)
    copies, found = [], []
    while len(found) < events:
        copy = chance.getrandbits(62) | 1
        copies.append(copy)
        agent = chance.choice(AGENTS)
        network = chance.randrange(NETWORKS)
        address = f"{80 + network // 250}.{network % 250}.7.0"
        at = now + chance.randrange(3_600_000_000)
        if chance.random() < 0.02:
            found += [
                Hit(at + n * 100_000, HitEndpoint.LINK, 1, message, copy, n, "GET", AGENTS[1], address, {}, {})
                for n in range(4)
            ]
            continue
        for n in range(chance.choices(list(PARTS), list(PARTS.values()))[0]):
            place = chance.randrange(6) if n else -1
            endpoint = HitEndpoint.PIXEL if place < 0 else HitEndpoint.LINK
            when = at + n * chance.randrange(600_000_000)
            asks = AGENTS[1] if place >= 0 and "ImageProxy" in agent and not proxy_clicks else agent
            found.append(Hit(when, endpoint, 1, message, copy, place, "GET", asks, address, {}, {}))
    found.sort(key=lambda hit: hit.at)
    return copies, found


def digested(folder: Path, url: str, copies: list[int], kind: type[Windows], now: int) -> float:
    """Processor seconds of digesting the journal into fresh stores."""
    fresh = Path(tempfile.mkdtemp(dir=folder))
    store = open_store(url or f"sqlite:///{fresh}/state.sqlite")
    history = open_history(fresh / "history.duckdb")
    message = Message(
        id=MESSAGE, user=1, message_id="m@x", subject="Autumn", sender="a@x.example", mail_from="", via=Via.CLI,
        created_at=now,
    )  # fmt: skip
    rows = tuple(Copy(one, MESSAGE, f"r{one}@x.example", CopyStatus.QUEUED) for one in copies)
    sent = [AttemptResult(one, SendOutcome.ACCEPTED, now - 3_600_000_000, 1, message=MESSAGE) for one in copies]
    store.digest.apply(Batch(submissions=[Submission(message, (), rows)], attempts=sent))
    digest = Digest(
        journal=JournalReader(folder / "journal"),
        store=store,
        history=history,
        record_steps=RecordSteps(submissions=_none, returned=_none, hits=Hits(store.messages)),
        changes=Changes(),
        clock=SystemClock(),
        windows=kind(store.messages, history),
    )
    gc.collect()
    gc.freeze()  # as the app does
    begun = time.process_time()
    while digest.step():
        pass
    spent = time.process_time() - begun
    gc.unfreeze()
    history.close()
    store.close()
    shutil.rmtree(fresh)
    return spent


def _none(_item: Item, _seen: object) -> None:
    raise NotImplementedError


def main() -> None:
    wanted = argparse.ArgumentParser()
    wanted.add_argument("--events", type=int, default=200_000)
    wanted.add_argument("--rounds", type=int, default=3)
    wanted.add_argument("--url", default="")
    wanted.add_argument("--no-result", action="store_true")
    wanted.add_argument("--mix", nargs="+", default=list(MIXES))
    options = wanted.parse_args()
    gc.set_threshold(*COLLECT)
    now = SystemClock().now()
    rows = []
    for name in options.mix:
        copies, found = hits(options.events, now, proxy_clicks=MIXES[name])
        without, with_ = measure(copies, found, options, now)
        rows += [
            [name, "each hit by itself", f"{1e6 / without:,.0f}", f"{without:.1f}", ""],
            [name, "with rules over several", f"{1e6 / with_:,.0f}", f"{with_:.1f}", f"{without / with_:.2f}"],
        ]
    head = ["mix", "digest", "events/s of one core", "CPU us an event", "of that without (at least 0.85)"]
    text = table(head, rows)
    print(text)
    if not options.no_result:
        about = f"{options.events:,} events; medians of {options.rounds} rounds in turns."
        write("windows", "Rules over several hits", f"python {' '.join(sys.argv)}", f"{about}\n\n{text}")


def measure(copies: list[int], found: list[Hit], options: argparse.Namespace, now: int) -> tuple[float, float]:
    """Microseconds an event, without and with."""
    folder = Path(tempfile.mkdtemp())
    writer = JournalWriter(folder / "journal", "edge")
    for hit in found:
        writer.submit(encode_observation(hit), lambda _result: None)
    writer.close()
    spent: dict[type[Windows], list[float]] = {WithoutWindows: [], Windows: []}
    for number in range(options.rounds):
        for kind in sorted(spent, key=lambda each: each.__name__, reverse=bool(number % 2)):
            spent[kind].append(digested(folder, options.url, copies, kind, now))
            print(kind.__name__, f"{spent[kind][-1] / len(found) * 1e6:.1f} us an event", file=sys.stderr)
    shutil.rmtree(folder)
    without, with_ = (median(spent[kind]) / len(found) * 1e6 for kind in (WithoutWindows, Windows))
    return without, with_


if __name__ == "__main__":
    main()
