"""The journal beside SQLite (WAL, synchronous=FULL): the same batches made durable one after another, interleaved.

    python bench/edge_journal.py [--write]

Each way hands a batch to its store and waits until it is on disk; the journal's includes waking its thread and back.
"""

import argparse
import os
import platform
import sqlite3
import tempfile
import threading
import time
from pathlib import Path
from statistics import median

from postlude.journal import JournalWriter

RECORD = bytes(range(130))
SIZES = (1, 16, 64, 256, 1024)
HERE = Path(__file__).parent


class Journal:
    def __init__(self, folder: Path) -> None:
        self._done = threading.Event()
        self._writer = JournalWriter(folder / "journal", "bench")
        self._queue = self._writer.append_queue(lambda _: None, lambda _waiters, _error: self._done.set())
        self.close = self._writer.close

    def store(self, size: int) -> None:
        self._done.clear()
        self._queue.handed_over.append(([RECORD] * size, [None] * size))
        self._writer.wake()
        self._done.wait()

    def warm_up(self) -> None:
        """Until it writes into a prepared segment, as a busy edge does."""
        for _ in range(300):
            self.store(1024)
            time.sleep(0.002)


class Sqlite:
    def __init__(self, folder: Path) -> None:
        self._base = sqlite3.connect(folder / "bench.sqlite", isolation_level=None)
        self._base.executescript(
            "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE hits (id INTEGER PRIMARY KEY, data BLOB);"
        )
        self.close = self._base.close

    def rows(self, size: int) -> None:
        self._base.execute("BEGIN")
        self._base.executemany("INSERT INTO hits (data) VALUES (?)", [(RECORD,)] * size)
        self._base.execute("COMMIT")

    def blob(self, size: int) -> None:
        self._base.execute("INSERT INTO hits (data) VALUES (?)", (RECORD * size,))


def timed(store, size: int, batches: int) -> float:
    began = time.perf_counter()
    for _ in range(batches):
        store(size)
    return (time.perf_counter() - began) / batches * 1e6


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="write bench/results/edge_journal.md")
    options = parser.parse_args()
    rows = [
        "| records in a batch | journal us | SQLite rows us | SQLite one blob us | rows / journal | blob / journal |"
    ]
    rows.append("|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(dir=HERE / "results") as name:
        journal, base = Journal(Path(name)), Sqlite(Path(name))
        journal.warm_up()
        for size in SIZES:
            ways = (journal.store, base.rows, base.blob)
            runs = [[timed(way, size, options.batches) for way in ways] for _ in range(options.rounds)]
            own, row, blob = (median(run[i] for run in runs) for i in range(3))
            by_row, by_blob = (median(run[i] / run[0] for run in runs) for i in (1, 2))
            rows.append(f"| {size} | {own:.0f} | {row:.0f} | {blob:.0f} | {by_row:.1f} | {by_blob:.1f} |")
        journal.close()
        base.close()
    today = time.strftime("%Y-%m-%d", time.gmtime())
    report = (
        f"# The journal beside SQLite\n\n{today}, {platform.machine()}, {os.cpu_count()} cores (shared), Python "
        f"{platform.python_version()}, SQLite {sqlite3.sqlite_version} (WAL, synchronous=FULL). Records of "
        f"{len(RECORD)} bytes; medians of {options.rounds} interleaved rounds of {options.batches} batches.\n\n"
        + "\n".join(rows)
        + "\n"
    )
    print(report)
    if options.write:
        (HERE / "results" / "edge_journal.md").write_text(report)


if __name__ == "__main__":
    main()
