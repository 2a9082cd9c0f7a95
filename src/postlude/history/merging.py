"""Sorted runs: the events of one message come to lie together, a little at a time.

New events stand in the table `events` in the order they came. When there are enough of them, the oldest are moved into
the table `merged` as one run, sorted by message, copy and time: DuckDB keeps the least and the greatest value of every
row group, so a question about one message reads one row group of a run. Eight runs of a level become one of the next,
one slice of the key a step, so that a step costs the same however long the runs are. A question then reads one row
group of each of at most seven runs a level: two more levels hold 64 times the events.

Every function runs in a transaction of its caller: a crash leaves either all of a step or nothing.
"""

from typing import Any, Final, NamedTuple

from duckdb import DuckDBPyConnection

from postlude.history.interface import CopyKey

STORED: Final = (
    "id, kind, seen_at, message, copy, position, verdict, reasons, rules_version, facts, address, workspace, "
    "first_verdict, cause, number"
)
"""All columns of an event."""
EVERY: Final = f"(SELECT {STORED} FROM events UNION ALL SELECT {STORED} FROM merged)"  # noqa: S608 - fixed text
"""All events, for a FROM."""
PLACES: Final = ("events", "merged")
"""Tables of events, for what is deleted or changed."""
RUN_ROWS: Final = 122_880
"""Events of the smallest run and of a slice: as many as DuckDB's row groups have."""
_FAN: Final = 8
"""Runs of a level that become one."""
_STRIDE: Final = 1024
"""Every so many rows of a sorted run one is looked at, to find where a slice ends."""

TABLES: Final = """
CREATE TABLE IF NOT EXISTS merged (
    id BIGINT NOT NULL, kind VARCHAR NOT NULL, seen_at BIGINT NOT NULL, message BIGINT NOT NULL, copy BIGINT NOT NULL,
    position INTEGER NOT NULL, verdict VARCHAR NOT NULL, reasons VARCHAR NOT NULL, rules_version INTEGER NOT NULL,
    facts VARCHAR NOT NULL, address VARCHAR, workspace INTEGER, first_verdict VARCHAR, cause VARCHAR, number BIGINT,
    run INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS runs (
    run INTEGER NOT NULL, level INTEGER NOT NULL, target INTEGER NOT NULL, message BIGINT NOT NULL, copy BIGINT NOT NULL
);
"""
"""`runs`: the run that a run is being merged into (`target`, 0: none), and of that one up to which key it has the rows
of its parts (`message`, `copy`)."""
_ORDER: Final = "ORDER BY message, copy, seen_at, id"
_NOTHING: Final = -1
"""Before the first key."""


class _Run(NamedTuple):
    run: int
    level: int
    target: int
    message: int
    copy: int


def merge_step(connection: DuckDBPyConnection, rows: int = RUN_ROWS) -> bool:
    """Move one run's events out of `events`, or merge one slice of runs; False when nothing was left to do."""
    return _begin_run(connection, rows) or _merge_slice(connection, rows)


def among(column: str, values: Any) -> str:  # noqa: ANN401 - any sized iterable of integers
    """`column IN (...)` with the numbers written out: DuckDB skips row groups by them, which it does for no join."""
    return f"{column} IN ({', '.join(str(int(value)) for value in values)})"


def _begin_run(connection: DuckDBPyConnection, rows: int) -> bool:
    if _number(connection, "SELECT count(*) FROM events") < rows:
        return False
    oldest = "SELECT max(rowid) FROM (SELECT rowid FROM events ORDER BY rowid LIMIT $rows)"
    last = {"last": _number(connection, oldest, rows=rows)}
    run = _new_run(connection, 0)
    moved = f"INSERT INTO merged SELECT {STORED}, {run} FROM events WHERE rowid <= $last {_ORDER}"  # noqa: S608 - numbers
    connection.execute(moved, last)
    connection.execute("DELETE FROM events WHERE rowid <= $last", last)
    return True


def _merge_slice(connection: DuckDBPyConnection, rows: int) -> bool:
    runs = [_Run(*row) for row in connection.execute("SELECT * FROM runs ORDER BY run").fetchall()]
    target = next((run.target for run in runs if run.target), 0) or _begin_merge(connection, runs)
    if not target:
        return False
    state = connection.execute("SELECT run, message, copy FROM runs WHERE run = $1 OR target = $1", [target]).fetchall()
    begin = next(CopyKey(message, copy) for run, message, copy in state if run == target)
    parts = sorted(run for run, _, _ in state if run != target)
    end = _end_of_slice(connection, parts, begin, rows)
    wanted = f"{among('run', parts)} AND {between(begin, end)}"
    copied = f"INSERT INTO merged SELECT {STORED}, {target} FROM merged WHERE {wanted} {_ORDER}"  # noqa: S608 - numbers
    connection.execute(copied)
    connection.execute(f"DELETE FROM merged WHERE {wanted}")  # noqa: S608 - numbers
    if end is None:
        connection.execute("DELETE FROM runs WHERE target = $1", [target])
    else:
        connection.execute("UPDATE runs SET message = $1, copy = $2 WHERE run = $3", [*end, target])
    return True


def _begin_merge(connection: DuckDBPyConnection, runs: list[_Run]) -> int:
    """Choose eight runs of the lowest level that has so many; the run they become, 0 when no level has."""
    for level in sorted({run.level for run in runs}):
        oldest = [run.run for run in runs if run.level == level][:_FAN]
        if len(oldest) == _FAN:
            target = _new_run(connection, level + 1)
            connection.execute(f"UPDATE runs SET target = {target} WHERE {among('run', oldest)}")  # noqa: S608 - numbers
            return target
    return 0


def _new_run(connection: DuckDBPyConnection, level: int) -> int:
    run = _number(connection, "SELECT coalesce(max(run), 0) + 1 FROM runs")
    connection.execute("INSERT INTO runs VALUES ($1, $2, 0, $3, $3)", [run, level, _NOTHING])
    return run


def _end_of_slice(connection: DuckDBPyConnection, parts: list[int], begin: CopyKey, rows: int) -> CopyKey | None:
    """The key that about `rows` rows lie before; None when fewer are left."""
    stride = stride_of(rows)
    seen = (
        f"SELECT message, copy FROM merged WHERE rowid % {stride} = 0 AND {among('run', parts)} "  # noqa: S608 - numbers
        f"AND {between(begin, None)} ORDER BY message, copy LIMIT 1 OFFSET {rows // stride}"
    )
    found = connection.execute(seen).fetchall()
    return CopyKey(*found[0]) if found else None


def stride_of(rows: int) -> int:
    """One of how many rows is looked at to divide runs into parts of `rows`."""
    return min(_STRIDE, max(rows // 64, 1))


def between(begin: CopyKey, end: CopyKey | None) -> str:
    """The condition for keys behind `begin`, up to `end`.

    The plain limits on `message` and `copy` are what row groups are skipped by.
    """
    behind = f"message >= {begin.message} AND (message > {begin.message} OR copy > {begin.copy})"
    if end is None:
        return behind
    within = f"message <= {end.message} AND (message < {end.message} OR copy <= {end.copy})"
    of_one = f" AND copy > {begin.copy} AND copy <= {end.copy}" if begin.message == end.message else ""
    return f"{behind} AND {within}{of_one}"


def _number(connection: DuckDBPyConnection, query: str, **values: int) -> int:
    return int(connection.execute(query, values).fetchall()[0][0])
