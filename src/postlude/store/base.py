"""Common to the store's parts."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any, Final, Protocol, TypeVar

import msgspec
from sqlalchemy import Connection, Dialect, Row, Table

from postlude.model.domain_name import address_key as one_address_key
from postlude.model.errors import InputError
from postlude.store.engine import Database

T = TypeVar("T")

CHUNK: Final = 500  # values in one IN (...): SQLite's default limit is 32,766, PostgreSQL's 65,535


class TopicQueries:
    """Queries of one topic: has the database, adds methods."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def _insert(self, table: Table) -> Any:  # noqa: ANN401 - as insert_into
        return insert_into(self._database.engine.dialect, table)


def insert_into(dialect: Dialect, table: Table) -> Any:  # noqa: ANN401 - two dialects' Insert, alike in ON CONFLICT
    """An INSERT that knows ON CONFLICT, in the words of `dialect`."""
    # Each dialect costs megabytes: a process loads the one it speaks.
    if dialect.name == "sqlite":
        from sqlalchemy.dialects.sqlite import insert  # noqa: PLC0415 - see above

        return insert(table)
    from sqlalchemy.dialects.postgresql import insert as postgresql_insert  # noqa: PLC0415 - see above

    return postgresql_insert(table)


class PreparedStatement:
    """A statement for many rows, compiled once and handed to the driver as it is.

    SQLAlchemy's own way spends 20 us a row of 20 columns on finding the values' order (measured), SQLite 10 us on
    storing it. An insert takes every column of its `table`, an update its own parameters and nothing else.
    """

    def __init__(self, statement: Any, table: Table | None, dialect: Dialect) -> None:  # noqa: ANN401 - Insert or Update
        keys = None if table is None else [column.name for column in table.columns]
        compiled = statement.compile(dialect=dialect, column_keys=keys)
        self._text = str(compiled)
        self._values = _in_order(compiled.positiontup) if compiled.positiontup else None

    def run(self, connection: Connection, rows: Sequence[dict[str, Any]]) -> int:
        """Run it for every one of `rows`, in order; how many rows of the table it changed."""
        if not rows:
            return 0
        values = [self._values(row) for row in rows] if self._values else list(rows)
        options = {"preserve_rowcount": True}
        return connection.exec_driver_sql(self._text, values, execution_options=options).rowcount


def _in_order(names: Sequence[str]) -> Callable[[dict[str, Any]], Any]:
    if len(names) == 1:  # `itemgetter` of one name gives a value and no tuple
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


def as_struct(kind: type[T], row: Row[Any]) -> T:
    """One row as its struct; columns and fields have the same names."""
    return msgspec.convert(row._mapping, kind)  # noqa: SLF001 - public in spite of its name


def storable(text: str) -> str:
    """`text` as every store can hold it: PostgreSQL refuses NUL, and no store accepts half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode("utf-8")


def lookup_key(address: str) -> str:
    """How an address is looked up: in lower case, its domain in the spelling of DNS, whichever was given."""
    return storable(one_address_key(address))


def chunks(values: Iterable[T], size: int = CHUNK) -> Iterator[Sequence[T]]:
    """`values` in pieces that fit one statement."""
    every = list(values)
    for start in range(0, len(every), size):
        yield every[start : start + size]


class RowWithId(Protocol):
    """A row with an id."""

    @property
    def id(self) -> int:
        """Grows from row to row."""


RowT = TypeVar("RowT", bound=RowWithId)


def after_last(page: Callable[[int], list[RowT]]) -> Iterator[list[RowT]]:
    """All pages: `page` gives the rows after an id, in the order of their ids, and none at the end."""
    after = 0
    while rows := page(after):
        yield rows
        after = rows[-1].id


def named(name: str, what: str = "list") -> str:
    """`name` as it is stored; raises InputError when it is empty."""
    shown = storable(name.strip())
    if not shown:
        raise InputError(f"a {what} needs a name")
    return shown
