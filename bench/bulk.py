"""Fills fresh stores with millions of events in minutes: one copy of each kind goes through the digest, the others are
its rows with other ids and times.

    with BulkLoad(folder) as load:
        book = load.learn(stories)            # what may become of a copy, once for any number of mailings
        load.mailing(message, book, recipients, chosen, at=at)   # `chosen`: the number of each one's story
    store, history = load.stores()            # as the digest and its merging leave them

A story is a list of `StoryEvent`; `at` is a whole hour, so that what is counted by the hour shifts with it. Indexes,
triggers and durability come back at the end; the history is written in the sorted runs that merging would have made.
SQLite alone. `python bench/bulk_check.py` loads a small one both ways and compares every table.
"""

import sqlite3
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import duckdb
import msgspec

from postlude.history import open_history
from postlude.history.merging import RUN_ROWS, STORED
from postlude.kit.clock import SystemClock
from postlude.kit.ids import id_run
from postlude.model.event import Event
from postlude.model.words import EventKind, SendOutcome, Verdict, Via
from postlude.store import AttemptResult, Batch, Copy, Message, Store, Submission, open_store
from postlude.store.messages.tables import (
    HOUR_US,
    copies,
    copy_activity,
    copy_hours,
    link_activity,
    message_clients,
    message_hours,
)

RUN = 5_000  # copies whose ids are close to each other, as a campaign's are
FAN = 8  # runs of a level that merging makes into one
EPOCH = 1_700_000_000_000_000 // HOUR_US * HOUR_US  # when the learned mails leave
EARLIEST = EPOCH - 365 * 24 * HOUR_US  # what is less is no time of theirs
SUMMED = (link_activity, message_hours, message_clients)
WIDTH = 64  # events of a story at most


class StoryEvent(NamedTuple):
    """One event of a copy."""

    kind: EventKind
    after: int
    """Microseconds after the hand-off."""
    position: int = -1
    verdict: Verdict = Verdict.UNKNOWN
    reasons: tuple[str, ...] = ()
    rules_version: int = 0
    facts: Mapping[str, str] = {}
    address: str = ""
    own: bool = False
    """The address is the recipient's: every copy has another one in its place."""


Story = Sequence[StoryEvent]


class StoryRows(NamedTuple):
    """What the digest made of one copy with a story."""

    copy: tuple
    activity: tuple | None
    hours: list[tuple]
    sums: dict[str, list[dict]]


class StoryBook(NamedTuple):
    """Stories, and what the digest made of each."""

    number: int
    stories: list[Story]
    rows: list[StoryRows]


COPY_NAMES = ["id", "message", "recipient", "address", "contact", "campaign"]
COPY_REST = [column.name for column in copies.c if column.name not in COPY_NAMES]
ACTIVITY_REST = [column.name for column in copy_activity.c if column.name not in {"copy", "message"}]
HOUR_REST = [column.name for column in copy_hours.c if column.name not in {"copy", "hour"}]


class BulkLoad:
    """One instance being filled. Everything is written when the block ends."""

    def __init__(self, folder: Path, run_rows: int = RUN_ROWS) -> None:
        """`run_rows`: events of the smallest sorted run of the history."""
        self.folder = Path(folder)
        self.run_rows = run_rows
        self.url = f"sqlite:///{self.folder}/state.sqlite"
        self.store: Store = open_store(self.url)
        open_history(self.folder / "history.duckdb").close()
        self.events = self.copies = self.books = 0
        self.seconds = 0.0
        self.messages: list[int] = []
        self._file = sqlite3.connect(self.folder / "state.sqlite", isolation_level=None)
        self._stage = duckdb.connect(str(self.folder / "stage.duckdb"), config={"memory_limit": "2GB", "threads": 2})
        self._shut: list[str] = []

    def __enter__(self):
        self._begun = time.process_time()
        for pragma in ("synchronous=OFF", "cache_size=-400000", "temp_store=FILE"):
            self._file.execute(f"PRAGMA {pragma}")
        tables = {"copies", "copy_activity", "copy_hours"}
        wanted = "SELECT type, name, tbl_name, sql FROM sqlite_master WHERE type IN ('trigger', 'index') AND sql <> ''"
        for kind, name, table, sql in self._file.execute(wanted).fetchall():
            if table in tables:
                self._shut.append(sql)
                self._file.execute(f"DROP {kind} {name}")
        stored = ", ".join(name.strip() for name in STORED.split(","))
        self._stage.execute(f"ATTACH '{self.folder}/history.duckdb' AS kept")
        self._stage.execute(f"CREATE TABLE stage AS SELECT {stored} FROM kept.events LIMIT 0")
        self._stage.execute(
            "CREATE TABLE stories (book INTEGER, story INTEGER, ordinal INTEGER, kind VARCHAR, after BIGINT, "
            "position INTEGER, verdict VARCHAR, reasons VARCHAR, rules_version INTEGER, facts VARCHAR, "
            "address VARCHAR, own BOOLEAN)"
        )
        return self

    def learn(self, stories: Iterable[Story]) -> StoryBook:
        """Send one copy of each through the digest's transaction, in a store of its own."""
        stories = [list(story) for story in stories]
        self.books += 1
        book = StoryBook(self.books, stories, _learned(stories))
        encode = msgspec.json.encode
        shapes = [
            (
                book.number, story, ordinal, one.kind.value, one.after, one.position, one.verdict.value,
                encode(one.reasons).decode(), one.rules_version, encode(one.facts).decode(), one.address, one.own,
            )
            for story, events in enumerate(stories)
            for ordinal, one in enumerate(events)
        ]  # fmt: skip
        appender = self._stage.appender("stories")
        appender.append_rows(shapes)
        appender.flush()
        return book

    def mailing(
        self, message: Message, book: StoryBook, recipients: Sequence[str], chosen: Sequence[int], *, at: int,
        contacts: Sequence[int | None] = (), campaign: int = 0, ids: Sequence[int] = (),
    ) -> None:  # fmt: skip
        """One message to all of them, sent at `at` (a whole hour), and what became of its copies."""
        if at % HOUR_US:
            raise ValueError("a mailing leaves at a whole hour")
        count = len(recipients)
        ids = list(ids) or [one for first in range(0, count, RUN) for one in id_run(min(RUN, count - first))]
        self._file.execute("BEGIN IMMEDIATE")
        try:
            self._rows(message.id, book, recipients, chosen, at, contacts or [None] * count, campaign, ids)
            self._file.execute("COMMIT")
        except BaseException:
            self._file.execute("ROLLBACK")
            raise
        self.store.digest.apply(Batch(submissions=[Submission(message, (), ())], at=at))
        self._to_stage(message.id, book, chosen, at, ids)
        self.messages.append(message.id)
        self.copies += count

    def _rows(self, message, book, recipients, chosen, at, contacts, campaign, ids):  # noqa: PLR0917 - plain data
        moved = at - EPOCH
        tails = [_moved(rows.copy, moved) for rows in book.rows]
        done = [rows.activity and _moved(rows.activity, moved) for rows in book.rows]
        hours = [[(hour + moved // HOUR_US, *rest) for hour, *rest in rows.hours] for rows in book.rows]
        run = self._file.executemany
        run(
            _insert("copies", [*COPY_NAMES, *COPY_REST]),
            (
                (one, message, who, who, contact, campaign, *tails[story])
                for one, who, contact, story in zip(ids, recipients, contacts, chosen, strict=True)
            ),
        )
        run(
            _insert("copy_activity", ["copy", "message", *ACTIVITY_REST]),
            ((one, message, *done[story]) for one, story in zip(ids, chosen, strict=True) if done[story]),
        )
        run(
            _insert("copy_hours", ["copy", "hour", *HOUR_REST]),
            ((one, *row) for one, story in zip(ids, chosen, strict=True) for row in hours[story]),
        )
        for table, rows in _summed(book, Counter(chosen), moved).items():
            for row in rows:
                run(_insert(table, ["message", *row]), [(message, *row.values())])

    def _to_stage(self, message, book, chosen, at, ids):
        """Numbered in the order of time, as they come."""
        before = self._stage.execute("SELECT count(*) FROM stage").fetchone()[0]
        columns = {
            "id": f"($first + place * {WIDTH} + ordinal)", "seen_at": "$at + after", "message": "$message",
            "address": "CASE WHEN own THEN format('{}.{}.{}.0', 20 + h % 200, (h >> 8) % 256, (h >> 16) % 256) "
            "ELSE address END",
            "workspace": "1", "first_verdict": "''", "cause": "''",
            "number": "$before + row_number() OVER (ORDER BY after, place, ordinal)",
        }  # fmt: skip
        chosen_columns = ", ".join(columns.get(name, name) for name in (one.strip() for one in STORED.split(",")))
        of_copies = "SELECT unnest($ids) AS copy, unnest($chosen) AS story, unnest(range($count)) AS place"
        joined = f"SELECT *, hash(copy, address) AS h FROM ({of_copies}) JOIN stories USING (story) WHERE book = $book"
        values = {
            "ids": list(ids), "chosen": list(chosen), "count": len(ids), "book": book.number, "message": message,
            "at": at, "before": before, "first": (self.copies + 1) * WIDTH,
        }  # fmt: skip
        self._stage.execute(f"INSERT INTO stage SELECT {chosen_columns} FROM ({joined})", values)
        self.events = self._stage.execute("SELECT count(*) FROM stage").fetchone()[0]

    def __exit__(self, kind, _value, _trace):
        if kind is None:
            self._finish()
        self._stage.close()
        self._file.close()
        for path in self.folder.glob("stage.duckdb*"):
            path.unlink()

    def _finish(self):
        self._write_history()
        for sql in sorted(self._shut):  # indexes before triggers
            self._file.execute(sql)
        store = self.store
        for first in range(0, len(self.messages), 100):
            store.copy_states.rebuild(self.messages[first : first + 100])
        after, now = 0, SystemClock().now()
        while after := store.engagement.rebuild(after, now):
            pass
        store.feed.skip_to(self.events, now)
        self._file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        store.close()
        self.seconds = time.process_time() - self._begun

    def _write_history(self):
        """Runs as merging makes them of so many events, the oldest in the largest."""
        run = self._stage.execute
        levels, total = [], self.events // self.run_rows
        while total:
            levels.append(total % FAN)
            total //= FAN
        first, number = 0, 0
        for level in reversed(range(len(levels))):
            for _ in range(levels[level]):
                rows, number = self.run_rows * FAN**level, number + 1
                run(
                    f"INSERT INTO kept.merged SELECT {STORED}, {number} FROM stage "
                    f"WHERE number > {first} AND number <= {first + rows} ORDER BY message, copy, seen_at, id"
                )
                run("INSERT INTO kept.runs VALUES ($1, $2, 0, -1, -1)", [number, level])
                first += rows
        run(f"INSERT INTO kept.events ({STORED}) SELECT {STORED} FROM stage WHERE number > {first} ORDER BY number")
        run("UPDATE kept.feed_cursor SET number = $1", [self.events])
        run("CHECKPOINT kept")
        run("DETACH kept")

    def stores(self):
        """Store and history, open; for when the block has ended."""
        return open_store(self.url), open_history(self.folder / "history.duckdb")


def _insert(table: str, names: Sequence[str]) -> str:
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"INSERT INTO {table} ({quoted}) VALUES ({', '.join('?' * len(names))})"


def _moved(row: Sequence, by: int) -> tuple:
    return tuple(value + by if isinstance(value, int) and value > EARLIEST else value for value in row)


def _summed(book: StoryBook, counts: Mapping[int, int], moved: int) -> dict[str, list[dict]]:
    """The rows of the message that many copies make."""
    found: dict[str, dict[tuple, dict]] = {}
    for table in SUMMED:
        keys = [column.name for column in table.primary_key if column.name != "message"]
        mine = found[table.name] = {}
        for story, count in counts.items():
            for row in book.rows[story].sums[table.name]:
                shifted = {
                    name: value + moved // HOUR_US if name == "hour" else _moved([value], moved)[0]
                    for name, value in row.items()
                }
                _add(mine.setdefault(tuple(shifted[key] for key in keys), {}), shifted, count, keys)
    return {name: list(rows.values()) for name, rows in found.items()}


def _add(total: dict, row: dict, count: int, keys: Sequence[str]) -> None:
    for name, value in row.items():
        if name in keys:
            total[name] = value
        elif name.endswith("_at"):
            total[name] = max(total.get(name) or 0, value or 0) or None  # the last one
        else:
            total[name] = total.get(name, 0) + value * count


def _learned(stories: Sequence[Story]) -> list[StoryRows]:
    """Each story as a message of its own with one copy, through the digest's transaction."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/state.sqlite")
        for first in range(0, len(stories), 500):
            some = range(first + 1, min(first + 500, len(stories)) + 1)
            submissions = [Submission(news_of(one, EPOCH), (), (Copy(one, one, "a@x.example"),)) for one in some]
            sent = [AttemptResult(one, SendOutcome.ACCEPTED, EPOCH, 1, 250, message=one, tracked=3) for one in some]
            number = 0
            events = []
            for one in some:
                for each in stories[one - 1]:
                    number += 1
                    events.append(event_of(number, each, EPOCH, one, one))
            store.digest.apply(Batch(submissions=submissions, attempts=sent, events=events, at=EPOCH))
        store.close()
        with sqlite3.connect(f"{folder}/state.sqlite") as connection:
            return _read_back(connection, len(stories))


def _read_back(connection: sqlite3.Connection, count: int) -> list[StoryRows]:
    connection.row_factory = sqlite3.Row
    tails = {row["id"]: tuple(row[name] for name in COPY_REST) for row in connection.execute("SELECT * FROM copies")}
    done = {
        row["copy"]: tuple(row[name] for name in ACTIVITY_REST)
        for row in connection.execute("SELECT * FROM copy_activity")
    }
    hours, sums = defaultdict(list), defaultdict(lambda: {table.name: [] for table in SUMMED})
    for row in connection.execute("SELECT * FROM copy_hours"):
        hours[row["copy"]].append((row["hour"], *(row[name] for name in HOUR_REST)))
    for table in SUMMED:
        for row in connection.execute(f"SELECT * FROM {table.name}"):
            sums[row["message"]][table.name].append({name: row[name] for name in row.keys() if name != "message"})  # noqa: SIM118 - a Row
    return [StoryRows(tails[one], done.get(one), hours[one], sums[one]) for one in range(1, count + 1)]


def news_of(number: int, at: int, user: int = 1) -> Message:
    return Message(
        id=number, user=user, message_id="", subject="News", sender="owner@example.org", mail_from="",
        via=Via.CAMPAIGN, created_at=at,
    )  # fmt: skip


def event_of(number: int, one: StoryEvent, at: int, message: int, copy: int) -> Event:
    return Event(
        number, one.kind, at + one.after, message, copy, one.position, one.verdict, one.reasons, one.rules_version,
        dict(one.facts), one.address,
    )  # fmt: skip
