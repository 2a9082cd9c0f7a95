"""A million contacts from CSV into SQLite, end to end, beside the least anybody could do: csv + executemany.

Runs each in a process of its own, one after the other, and keeps the peak of its memory.
"""

import argparse
import csv
import json
import os
import random
import resource
import sqlite3
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from result import table, write

from postlude.kit.clock import SystemClock
from postlude.model.words import Purpose
from postlude.services.contacts.import_job import ImportOrder, order_import, run_import
from postlude.store import open_store

FLOOR_SECONDS, AIM_SECONDS = 60, 30
FIRST = ("anna", "ben", "clara", "david", "emma", "felix", "greta", "hans", "ida", "jonas", "karla", "lukas", "mia")
LAST = ("adler", "baumann", "conrad", "dietz", "ernst", "fischer", "graf", "huber", "imhof", "jung", "köhler", "müller")
DOMAINS = ("example.org", "Example.com", "mail.example.net")
TOWNS = ["Köln", "Berlin", "München", "Hamburg", "Zürich", "Graz"]


def make(path: Path, rows: int) -> None:
    """A file as a shop exports it: mixed case, umlauts, five columns."""
    rng = random.Random(5)
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["E-Mail", "First name", "Last name", "Town", "Customer no"])
        for number in range(rows):
            first, last = rng.choice(FIRST), rng.choice(LAST)
            plain = last.replace("ö", "oe").replace("ü", "ue")
            address = f"{first}.{plain}{rng.getrandbits(40):x}@{rng.choice(DOMAINS)}"
            out.writerow([address, first.title(), last.title(), rng.choice(TOWNS), number])


def ours(path: Path, folder: Path, *, again: bool) -> dict[str, float]:
    """As `postlude contacts import` does it: list, consent with proof, custom fields, resumable."""
    store, clock = open_store(f"sqlite:///{folder / 'state.sqlite'}"), SystemClock()
    news = store.lists.by_name("News") or store.lists.add("News", 1)
    halfway = 0

    def show(job) -> None:
        nonlocal halfway
        if not halfway and job.done * 2 >= job.total:
            halfway = peak()

    start = time.perf_counter()
    order = ImportOrder(file=str(path), lists=(news.id,), consent=(Purpose.MAIL,), agreed="form on example.com, 2025")
    done = run_import(store, clock, order_import(store, clock, order, "bench", "bench"), show)
    seconds = time.perf_counter() - start
    name = "unchanged" if again else "added"
    assert done.job.counts[name] == done.job.counts["rows"], done.job.counts
    return {"seconds": seconds, "mb": peak(), "half": halfway}


def least(path: Path, folder: Path) -> dict[str, float]:
    """No validation, no fields, no list, no progress, one transaction: rows into one table with a unique address."""
    connection = sqlite3.connect(folder / "least.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA cache_size=-98304")
    connection.execute("CREATE TABLE c (id INTEGER PRIMARY KEY, a TEXT UNIQUE, b TEXT, c TEXT, d TEXT, e TEXT)")
    start = time.perf_counter()
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        connection.execute("BEGIN IMMEDIATE")
        connection.executemany("INSERT INTO c (a, b, c, d, e) VALUES (?, ?, ?, ?, ?)", rows)
        connection.execute("COMMIT")
    return {"seconds": time.perf_counter() - start, "mb": peak(), "half": 0}


def peak() -> int:
    """Megabytes this process ever held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def child(what: str, path: Path, folder: Path) -> dict[str, float]:
    """One measurement in a process of its own."""
    out = subprocess.run(
        [sys.executable, __file__, "--child", what, str(path), str(folder)], capture_output=True, text=True, check=True
    )
    return json.loads(out.stdout)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--child", nargs=3)
    options = parser.parse_args()
    if options.child:
        what, path, folder = options.child[0], Path(options.child[1]), Path(options.child[2])
        done = least(path, folder) if what == "least" else ours(path, folder, again=what == "again")
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory(dir=os.environ.get("TMPDIR", "/tmp")) as name:
        folder = Path(name)
        make(folder / "people.csv", options.rows)
        found = {what: child(what, folder / "people.csv", folder) for what in ("least", "first", "again")}
    base = found["least"]["seconds"]
    names = {"least": "csv + executemany, one bare table", "first": "import, all new", "again": "the same file again"}
    lines = [
        [
            names[what],
            f"{one['seconds']:.1f}",
            f"{options.rows / one['seconds']:,.0f}",
            f"{one['seconds'] / base:.1f}",
            f"{one['mb']:,} MB" + (f" ({one['half']:,} at half)" if one["half"] else ""),
        ]
        for what, one in found.items()
    ]
    text = table(["what", "seconds", "rows/s", "x the least", "peak memory"], lines)
    text += f"\n\n{options.rows:,} rows, five columns, SQLite, one list, consent with proof. "
    text += f"Wanted: {FLOOR_SECONDS} s at least, aim {AIM_SECONDS} s for a million, memory flat."
    write("import", "Importing contacts", "make bench-import", text)


if __name__ == "__main__":
    main()
