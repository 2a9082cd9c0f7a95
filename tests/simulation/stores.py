"""The two real stores with a step before every statement: there the process may die or the store refuse."""

import errno
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import duckdb
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from postlude.history.duck import DuckHistory
from postlude.history.duck_file import DuckFile
from postlude.store import Store, open_store
from simulation.faults import Faults

_TEXTS: Final = {errno.ENOSPC: "database or disk is full", errno.EIO: "disk I/O error"}


def copy_database(source: Path, target: Path) -> None:
    """A database's file and its logs as they are at this moment, which is what a killed process leaves."""
    for path in source.parent.glob(f"{source.name}*"):
        shutil.copyfile(path, target.with_name(target.name + path.name[len(source.name) :]))


def remove_database(path: Path) -> None:
    """All its files."""
    for each in path.parent.glob(f"{path.name}*"):
        each.unlink()


def count_rows(path: Path, which: str) -> int:
    """How many rows of the SQLite database at `path` there are; looked at past the process, for the driver."""
    with closing(sqlite3.connect(path)) as connection:
        return int(connection.execute(f"SELECT count(*) FROM {which}").fetchone()[0])


def simulated_store(path: Path, faults: Faults) -> Store:
    """SQLite at `path`, with the process's faults."""
    store = open_store(f"sqlite:///{path}")
    engine = store._database.engine

    def before(*arguments: Any) -> None:
        statement = str(arguments[2])
        if number := faults.step(f"state: {' '.join(statement.split()[:3])}"):
            raise OperationalError(statement, None, sqlite3.OperationalError(_TEXTS[number]))

    def committing(_connection: object) -> None:
        if number := faults.step("state: COMMIT"):
            raise OperationalError("COMMIT", None, sqlite3.OperationalError(_TEXTS[number]))

    event.listen(engine, "before_cursor_execute", before)
    event.listen(engine, "commit", committing)
    return store


class _Stepping:
    """DuckDB's connection or appender; the named methods are steps."""

    def __init__(self, real: Any, step: Callable[[str], None], names: tuple[str, ...]) -> None:
        self._real = real
        self._step = step
        self._names = names

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._real, name)
        if name not in self._names:
            return method

        def stepping(*arguments: Any) -> Any:
            what = str(arguments[0]).split()[0] if name == "execute" else name
            self._step(f"history: before {what}")
            answer = method(*arguments)
            if what == "COMMIT":
                self._step(f"history: after {what}")
            return answer

        return stepping


class SimulatedHistory(DuckHistory):
    """DuckDB at a path, with the process's faults."""

    def __init__(self, path: Path, faults: Faults) -> None:
        super().__init__(_FailingFile(path, faults))


class _FailingFile(DuckFile):
    """Each statement of the connection that writes may fail."""

    def __init__(self, path: Path, faults: Faults) -> None:
        self._faults = faults
        super().__init__(path, memory_limit="64MB", threads=1)

    def _open(self) -> None:
        super()._open()
        self._connection: Any = _Stepping(self._connection, self._failing, ("execute",))
        self._appender: Any = _Stepping(self._appender, self._failing, ("append_rows", "flush"))

    def _failing(self, name: str) -> None:
        if number := self._faults.step(name):
            raise duckdb.IOException(_TEXTS[number])
