"""The history's file: opened, changed all or nothing, opened again after a failure, written anew without remains."""

import errno
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from time import monotonic
from typing import Any, Final

import duckdb

from postlude.history.duck_errors import DISK_TROUBLE, history_error, is_damage
from postlude.history.merging import TABLES
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import move_durably
from postlude.kit.regular_file import no_file
from postlude.model.errors import DamagedError, StorageError

_TABLES: Final = """
CREATE TABLE IF NOT EXISTS events (
    id BIGINT NOT NULL, kind VARCHAR NOT NULL, seen_at BIGINT NOT NULL, message BIGINT NOT NULL, copy BIGINT NOT NULL,
    position INTEGER NOT NULL, verdict VARCHAR NOT NULL, reasons VARCHAR NOT NULL, rules_version INTEGER NOT NULL,
    facts VARCHAR NOT NULL, address VARCHAR NOT NULL DEFAULT ''
);
ALTER TABLE events ADD COLUMN IF NOT EXISTS address VARCHAR DEFAULT '';
ALTER TABLE events ADD COLUMN IF NOT EXISTS workspace INTEGER DEFAULT 1;
ALTER TABLE events ADD COLUMN IF NOT EXISTS first_verdict VARCHAR DEFAULT '';
ALTER TABLE events ADD COLUMN IF NOT EXISTS cause VARCHAR DEFAULT '';
ALTER TABLE events ADD COLUMN IF NOT EXISTS number BIGINT DEFAULT 0;
CREATE TABLE IF NOT EXISTS feed_cursor (number BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS positions (writer INTEGER PRIMARY KEY, segment INTEGER NOT NULL, "offset" BIGINT NOT NULL);
ALTER TABLE positions ADD COLUMN IF NOT EXISTS generation BIGINT DEFAULT 0;
CREATE TABLE IF NOT EXISTS journal_labels (
    writer INTEGER NOT NULL, segment INTEGER NOT NULL, name VARCHAR NOT NULL, identity VARCHAR NOT NULL,
    key VARCHAR NOT NULL
);
CREATE TABLE IF NOT EXISTS steps (name VARCHAR NOT NULL);
"""
_STEPS: Final = {"indeterminate": "UPDATE events SET kind = 'indeterminate' WHERE kind = 'unsure'"}
"""What is done once to the events of a history that an older version made."""
# What is freed at once and is more than this goes back to the system; DuckDB's allocator keeps it otherwise, 20 MB
# after 100,000 events (measured). A little less than one block of its file.
_GIVE_BACK: Final = "256KB"
# Until its log is written into the file, rows stay in memory, 220 bytes each: 18 MB at DuckDB's own 16 MB of log.
_CHECKPOINT: Final = "2MB"
# Writing the log into the file also merges small row groups, one at a time: 0.3 s while nothing is added (measured,
# against 10 ms for the log itself). That waits for quieter times than this many events a second. Until then one thread
# is enough: passing small batches on to a second one costs a tenth more processor time.
_BUSY: Final = 5_000
_WINDOW_S: Final = 1.0


class DuckFile:
    """The one connection that writes, and cursors of it that read, on any thread."""

    def __init__(self, path: Path, *, memory_limit: str, threads: int, read_only: bool = False) -> None:
        self._path = path
        self._read_only = read_only
        self._broken = False
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": memory_limit,
            "threads": threads,
            "preserve_insertion_order": False,
            "allow_unsigned_extensions": False,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "allocator_bulk_deallocation_flush_threshold": _GIVE_BACK,
            "checkpoint_threshold": _CHECKPOINT,
            "max_vacuum_tasks": 1,
        }
        self._lock = threading.Lock()
        self._closed = self._held = False
        self._added, self._counted_at = 0, monotonic()
        with self._translated():
            self._open()

    def _open(self) -> None:
        for path in (self._path, self._path.with_name(f"{self._path.name}.wal")):
            if (error := no_file(path)) is not None and error.errno == errno.ENXIO:  # it would be waited for
                raise DamagedError(f"history {file_trouble(error, path)}")
        self._connection = duckdb.connect(str(self._path), read_only=self._read_only, config=self._config)
        if self._read_only:
            self._busy = self._broken = False
            return
        self._connection.execute(_TABLES)
        self._connection.execute(TABLES)
        self._bring_forward()
        self._appender = self._connection.appender("events")
        self.writers = {row[0] for row in self._connection.execute("SELECT writer FROM positions").fetchall()}
        if not self._connection.execute("SELECT count(*) FROM feed_cursor").fetchall()[0][0]:
            self._connection.execute("INSERT INTO feed_cursor VALUES (0)")
        self.unmerged = int(self._connection.execute("SELECT count(*) FROM events").fetchall()[0][0])
        self._connection.execute(f"SET max_vacuum_tasks = {0 if self._held else 1}")
        self._busy = False
        self._broken = False

    def _bring_forward(self) -> None:
        done = {name for (name,) in self._connection.execute("SELECT name FROM steps").fetchall()}
        for name, change in _STEPS.items():
            if name not in done:
                self._connection.execute("BEGIN")
                self._connection.execute(change)
                self._connection.execute("INSERT INTO steps VALUES ($name)", {"name": name})
                self._commit()

    @contextmanager
    def transaction(self, *, adding: int | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
        """Change the file, all or nothing. `adding`: how many events, which tells how busy it is."""
        with self._lock, self._translated():
            if self._broken:
                self._reopen()
            if adding is not None:
                self._count(adding)
            self._connection.execute("BEGIN")
            try:
                yield self._connection
                self._commit()
            except BaseException:
                self._undo()
                raise

    def add_rows(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Add rows to `events`, within a transaction."""
        self._appender.append_rows(rows)
        self._appender.flush()

    def run(self, *statements: str) -> None:
        """Run them one after another, each a transaction of its own."""
        with self._lock, self._translated():
            for statement in statements:
                self._connection.execute(statement)

    def is_quiet(self) -> bool:
        """Few events are being added: there is time for order."""
        with self._lock, self._translated():
            self._count(0)
        return not self._busy

    def hold_order(self, *, hold: bool) -> None:
        """Merge no small row groups, whose number grows with the history, while rows are being replaced all over it."""
        with self._lock, self._translated():
            self._held = hold
            if not self._broken and not self._closed:
                self._connection.execute(f"SET max_vacuum_tasks = {0 if hold or self._busy else 1}")

    def _commit(self) -> None:
        # An error at COMMIT is about the disk: errors of the rows are raised when they are added.
        try:
            self._connection.execute("COMMIT")
        except duckdb.Error as error:
            raise history_error(self._path, error) from error

    def _count(self, rows: int) -> None:
        """Spend time on order and reports or on adding, by how much came in the last second or more."""
        self._added += rows
        seconds = monotonic() - self._counted_at
        if seconds < _WINDOW_S:
            return
        busy = self._added > _BUSY * seconds
        self._added, self._counted_at = 0, monotonic()
        if busy != self._busy:
            self._connection.execute(f"SET max_vacuum_tasks = {0 if busy or self._held else 1}")
            self._connection.execute(f"SET threads = {1 if busy else self._config['threads']}")
            self._busy = busy

    def _undo(self) -> None:
        # A failed COMMIT (disk full) may leave DuckDB refusing everything until its file is opened again.
        try:
            self._appender.clear()
            self._connection.execute("ROLLBACK")
        except duckdb.Error:
            self._broken = True

    def _reopen(self) -> None:
        if self._closed:
            raise StorageError(f"history {self._path}: it is closed, since Postlude ends")
        self._connection.close()
        self._open()

    def write_anew(self) -> None:
        """Rewrite the history, so that its file contains no deleted data."""
        fresh = self._path.with_name(f".{self._path.name}.new")
        with self._lock, self._translated():
            if self._broken:
                self._reopen()
            try:
                self._rewrite(fresh)
            except BaseException:
                # What was attached stays attached, and what was copied keeps the room that was too little.
                self._broken = True
                self._connection.close()
                _remove(fresh)
                raise

    def _rewrite(self, fresh: Path) -> None:
        _remove(fresh)
        self._connection.execute("CHECKPOINT")
        # Sorted runs must stay sorted. Opened again, the connection has its own settings.
        self._connection.execute("SET preserve_insertion_order = true")
        name = self._connection.execute("SELECT current_database()").fetchall()[0][0]
        quoted = str(fresh).replace("'", "''")
        self._connection.execute(f"ATTACH '{quoted}' AS fresh")
        self._connection.execute(f'COPY FROM DATABASE "{name}" TO fresh')
        self._connection.execute("DETACH fresh")
        self._connection.close()
        move_durably(fresh, self._path)
        self._path.with_name(f"{self._path.name}.wal").unlink(missing_ok=True)
        self._open()

    def close(self) -> None:
        """Checkpoint and let go of the file."""
        with self._lock:
            self._closed = True
            self._connection.close()

    def query(self, query: str, values: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """The rows of a question, on a cursor of its own."""
        with self._translated():
            if self._broken:
                with self._lock:
                    if self._broken:  # another thread may have been first
                        self._reopen()
            try:
                with self._connection.cursor() as cursor:
                    return cursor.execute(query, values or {}).fetchall()
            except duckdb.ConnectionException:  # its file was just rewritten
                with self._lock, self._connection.cursor() as cursor:
                    return cursor.execute(query, values or {}).fetchall()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except duckdb.ConnectionException as error:  # closed, by DuckDB after a failure or by us
            self._broken = True
            raise history_error(self._path, error) from error
        except DISK_TROUBLE as error:
            self._broken = self._broken or isinstance(error, duckdb.FatalException)
            raise history_error(self._path, error) from error
        except duckdb.Error as error:
            if is_damage(error):
                raise history_error(self._path, error) from error
            raise


def _remove(copy: Path) -> None:
    """A history that is being written, with the log of its changes."""
    for path in (copy, copy.with_name(f"{copy.name}.wal")):
        path.unlink(missing_ok=True)
