"""One database engine with the two transactions used everywhere: `read` and `write`."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Final, Protocol

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DatabaseError, DBAPIError, InternalError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from postlude.kit.file_trouble import file_trouble
from postlude.kit.regular_file import no_file
from postlude.model.errors import InUseError, SettingError, StorageError

BUSY_TIMEOUT_MS: Final = 10_000
# A server that vanished without a word (its machine, the network) is noticed within half a minute.
_POSTGRESQL: Final = {
    "connect_timeout": 10,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
_UNREADY: Final = frozenset({"42501", "42P01", "3F000"})  # insufficient_privilege, undefined_table, invalid_schema_name
_DRIVERS: Final = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg", "postgres": "postgresql+psycopg"}
_FILE_URL: Final = "sqlite:///"
SQLITE_FILES: Final = ("-wal", "-shm")
"""Ends of the names of what SQLite keeps beside a file that is open, or was when its process was killed."""


def sqlite_file(url: str) -> Path | None:
    """The file of a `sqlite:////path` address; None for PostgreSQL."""
    return Path(url.removeprefix(_FILE_URL)) if url.startswith(_FILE_URL) else None


def refused_files(state: Path) -> dict[Path, OSError]:
    """Which of the state's files the system does not open, and why: the file itself, its log and the log's index."""
    files = (state, *(state.with_name(state.name + end) for end in SQLITE_FILES))
    found = {path: no_file(path, os.R_OK | os.W_OK) for path in files}
    return {path: error for path, error in found.items() if error is not None}


def engine_of(url: str, **options: Any) -> Engine:  # noqa: ANN401 - what queries find on their connection
    """The engine of a `sqlite:////path` or `postgresql://...` address; nothing is opened yet."""
    return _connect(url).execution_options(**options)


def _connect(url: str) -> Engine:
    try:
        parsed = make_url(url)
    except Exception as error:
        raise SettingError(f"state store: {url!r} is not a database URL; use sqlite:////absolute/path") from error
    name = parsed.drivername.partition("+")[0]
    if name not in _DRIVERS:
        raise SettingError(f"state store: {name!r} is not supported; use sqlite:// or postgresql://")
    parsed = parsed.set(drivername=_DRIVERS[name])
    if name == "sqlite":
        engine = create_engine(parsed, connect_args={"timeout": BUSY_TIMEOUT_MS / 1000, "check_same_thread": False})
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    return create_engine(parsed, pool_pre_ping=True, connect_args=_POSTGRESQL)


def _prepare_sqlite(connection: Any, _record: object) -> None:  # noqa: ANN401 - the driver's own object
    # SQLAlchemy sends BEGIN itself: the driver would begin only at the first change, and never before DDL.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    # A writing transaction begins as one: upgrading a reader fails without waiting when another writes.
    write = connection.get_execution_options().get("postlude_write")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


class WriteAlong(Protocol):
    """Writes a row of its own in another's transaction."""

    def __call__(self, connection: Connection, /) -> None:
        """Called at the end of every transaction that writes, as long as this is set."""
        ...


_along: Final[ContextVar[WriteAlong | None]] = ContextVar("along", default=None)


def write_along(what: WriteAlong | None) -> None:
    """From now on, in this request or command alone, call `what` in every transaction that writes."""
    _along.set(what)


class Database:
    """Transactions on one engine, with the driver's errors in our words. Safe to share between threads."""

    def __init__(self, engine: Engine) -> None:
        self.engine: Final = engine
        self._writer = engine.execution_options(postlude_write=True)
        self.sqlite: Final = engine.dialect.name == "sqlite"

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that only reads: one consistent view."""
        with translated(self.engine), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def write(self, *, alone: bool = False) -> Iterator[Connection]:
        """A transaction that is committed, durably, when the block ends without an error.

        What was asked for by `write_along` is written in it as well, unless it is to be `alone`.
        """
        with translated(self.engine), self._writer.begin() as connection:
            yield connection
            along = _along.get()
            if along is not None and not alone:
                along(connection)

    def close(self) -> None:
        """Give every connection back to the system."""
        self.engine.dispose()


@contextmanager
def translated(engine: Engine) -> Iterator[None]:
    """What the database refuses as a whole, as StorageError or InUseError with the remedy. Other errors pass.

    Those are a statement's or a value's own: a caller may take them for a fault of what it wanted to store.
    """
    try:
        yield
    except DBAPIError as error:
        if _is_the_databases(error):
            raise _named(engine, str(error.orig)) from error
        raise
    except PoolTimeoutError as error:
        where = engine.url.render_as_string(hide_password=True)
        text = "every connection to it is in use: something holds it up. It is tried again"
        raise InUseError(f"state store {where}: {text}") from error
    except sqlite3.OperationalError as error:  # of the driver itself, which some statements need
        raise _named(engine, str(error)) from error


def _is_the_databases(error: DBAPIError) -> bool:
    """A damaged file, a server that is read-only or being restored, and a login that lost its rights as well."""
    if error.connection_invalidated or type(error) is DatabaseError:
        return True
    return isinstance(error, OperationalError | InternalError) or getattr(error.orig, "sqlstate", "") in _UNREADY


def _named(engine: Engine, reported: str) -> Exception:
    file = sqlite_file(str(engine.url))
    refused = refused_files(file) if file is not None else {}
    told = "; ".join(file_trouble(error, path) for path, error in refused.items())
    return StorageError(f"state store: {told}") if told else _by_its_words(engine, reported)


def _by_its_words(engine: Engine, reported: str) -> Exception:
    text = reported.strip()
    where = engine.url.render_as_string(hide_password=True)
    if engine.dialect.name != "sqlite":
        return StorageError(f"state store {where}: {text}. Check that PostgreSQL runs and accepts this login.")
    if "locked" in text or "busy" in text:
        return InUseError(
            f"state store {where}: another process has kept it locked for {BUSY_TIMEOUT_MS // 1000} s. "
            "Stop that process (a backup, a database browser), then try again."
        )
    if "readonly" in text or "unable to open" in text:
        return StorageError(
            f"state store {where}: {text}. The data folder must exist and be writable by this user: "
            "mend its owner or mode, or choose another folder."
        )
    if "not a database" in text or "malformed" in text:
        return StorageError(f"state store {where}: {text}. The file is damaged: put a backup in its place.")
    if "full" in text:
        return StorageError(f"state store {where}: the disk is full. Free space: Postlude goes on by itself")
    return StorageError(f"state store {where}: {text}. Look at the disk and its folder, then start again.")
