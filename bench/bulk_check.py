"""Whether a bulk load is what the digest makes: the same copies and events both ways, every table compared.

    python bench/bulk_check.py [--copies 12000] [--mailings 4] [--run 4096]

`--run`: events of the smallest sorted run, so that a small history has several levels of them.
"""

import argparse
import random
import sqlite3
import sys
import tempfile
import time
from pathlib import Path

import duckdb
import msgspec
from bulk import EPOCH, RUN, BulkLoad, news_of
from reclassify import stories_of_readers

from postlude.history.duck import DuckHistory
from postlude.history.duck_file import DuckFile
from postlude.history.merging import STORED
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_run
from postlude.model.event import Event
from postlude.model.words import EventKind, SendOutcome, Verdict
from postlude.store import AttemptResult, Batch, Copy, Submission, open_store
from postlude.store.contacts.tables import contacts
from postlude.store.messages.tables import HOUR_US

STATE = ("copies", "copy_activity", "copy_hours", "link_activity", "message_hours", "message_clients", "messages",
         "copy_states", "engagement")  # fmt: skip


def add_contacts(store):
    """For state and score: some of the recipients."""
    rows = [
        {"id": k + 1, "address": f"r{k}@isp{k % 40}.example", "spelled": "", "fields": {}, "created_at": 1,
         "updated_at": 1}
        for k in range(1_000)
    ]  # fmt: skip
    with store.segments._database.write() as connection:  # noqa: SLF001 - as an import writes
        connection.execute(contacts.insert(), rows)


def compare(copies_each: int, mailings: int, run_rows: int) -> list[str]:
    """Names of what differs between a bulk load and the same events through the digest and its merging."""
    chance = random.Random(5)
    stories = list(stories_of_readers(700, 3))
    at = EPOCH + 1_000 * HOUR_US
    plans = [
        (
            7_000_000 + n, at + n * HOUR_US, [f"r{k}@isp{k % 40}.example" for k in range(copies_each)],
            [chance.randrange(len(stories)) for _ in range(copies_each)],
            [one for f in range(0, copies_each, RUN) for one in id_run(min(RUN, copies_each - f))],
        )
        for n in range(mailings)
    ]  # fmt: skip
    with tempfile.TemporaryDirectory() as one, tempfile.TemporaryDirectory() as other:
        with BulkLoad(Path(one), run_rows) as load:
            add_contacts(load.store)
            book = load.learn(stories)
            for number, when, people, chosen, ids in plans:
                load.mailing(news_of(number, when), book, people, chosen, at=when, ids=ids)
        rows, plain = _table_rows(Path(one)), [tuple(row) for row in _history_rows(Path(one))]
        _digested(Path(other), plans, plain, run_rows)
        wrong = [name for name in STATE if rows[name] != _table_rows(Path(other))[name]]
        beside = [tuple(row) for row in _history_rows(Path(other))]
        wrong += ["history"] * (plain != beside) + ["runs"] * (_runs(Path(one)) != _runs(Path(other)))
        print(f"{load.events:,} events, {load.copies:,} copies: {wrong or 'every table is the same'}")
        return wrong


def _digested(folder, plans, loaded, run_rows):
    """The same copies and events, in batches, through the digest's transaction and the history's writer."""
    store = open_store(f"sqlite:///{folder}/state.sqlite")
    history = DuckHistory(DuckFile(folder / "history.duckdb", memory_limit="64MB", threads=2), run_rows=run_rows)
    add_contacts(store)
    by_number = sorted(loaded, key=lambda row: row[14])
    for number, when, people, _, ids in plans:
        made = tuple(Copy(one, number, who) for one, who in zip(ids, people, strict=True))
        sent = [AttemptResult(one, SendOutcome.ACCEPTED, when, 1, 250, message=number, tracked=3) for one in ids]
        batch = Batch(submissions=[Submission(news_of(number, when), (), made)], attempts=sent, at=when)
        store.digest.apply(batch)
    events = [_read(row) for row in by_number]
    for first in range(0, len(events), 8_000):
        entry = store.digest.apply(Batch(events=events[first : first + 8_000], at=1))
        history.append(entry.events, {}, number=entry.first)
    while store.engagement.step(SystemClock().now()):
        pass
    time.sleep(1.5)  # merging waits for a quiet second
    while history.merge():
        pass
    store.copy_states.add_up()
    store.close()
    history.close()


def _read(row):
    decode = msgspec.json.decode
    number, kind, at, message, copy, position, verdict, reasons, version, facts, address = row[:11]
    because, told = decode(reasons, type=tuple[str, ...]), decode(facts, type=dict[str, str])
    return Event(
        number, EventKind(kind), at, message, copy, position, Verdict(verdict), because, version, told, address
    )  # fmt: skip


def _table_rows(folder: Path) -> dict[str, list[tuple]]:
    with sqlite3.connect(folder / "state.sqlite") as connection:
        rows = {name: sorted(connection.execute(f"SELECT * FROM {name}"), key=repr) for name in STATE}
    rows["copy_states"] = [row for row in rows["copy_states"] if row[-1]]  # the digest leaves empty ones
    return rows


def _history_rows(folder: Path) -> list[tuple]:
    with duckdb.connect(str(folder / "history.duckdb"), read_only=True) as connection:
        every = f"(SELECT {STORED} FROM events UNION ALL SELECT {STORED} FROM merged)"
        return connection.execute(f"SELECT * FROM {every} ORDER BY id").fetchall()


def _runs(folder: Path) -> list[tuple]:
    """By level: how many events each run has, and which."""
    with duckdb.connect(str(folder / "history.duckdb"), read_only=True) as connection:
        query = (
            "SELECT level, count(*), min(number), max(number), bool_and(later) FROM (SELECT run, number, (message, "
            "copy, seen_at, id) > coalesce(lag((message, copy, seen_at, id)) OVER (PARTITION BY run ORDER BY rowid), "
            "(-1, -1, -1, -1)) AS later FROM merged) JOIN runs USING (run) GROUP BY run, level ORDER BY ALL"
        )
        return connection.execute(query).fetchall()


def main():
    wanted = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    wanted.add_argument("--copies", type=int, default=12_000)
    wanted.add_argument("--mailings", type=int, default=4)
    wanted.add_argument("--run", type=int, default=4096)
    options = wanted.parse_args()
    sys.exit(bool(compare(options.copies, options.mailings, options.run)))


if __name__ == "__main__":
    main()
