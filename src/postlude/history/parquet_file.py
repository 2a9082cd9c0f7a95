"""Tables as Parquet files, by DuckDB; and rows of such files."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import duckdb

from postlude.kit.data_table import CellKind, Column, DataTable, cell_time

_TYPES: Final = {
    CellKind.TEXT: "VARCHAR",
    CellKind.WHOLE: "BIGINT",
    CellKind.SHARE: "DOUBLE",
    CellKind.TIME: "TIMESTAMP",
}
_KINDS: Final = {kind: name for name, kind in _TYPES.items()} | {"INTEGER": CellKind.WHOLE}
_AT_ONCE: Final = 10_000
_LIMITS: Final[dict[str, Any]] = {"memory_limit": "64MB", "threads": 1, "preserve_insertion_order": True}


def write_parquet(path: Path, table: DataTable) -> int:
    """Write the table; how many rows. It is gathered in a file beside `path`: memory stays flat."""
    columns = ", ".join(f"{_quoted(column.name)} {_TYPES[column.kind]}" for column in table.columns)
    times = [place for place, column in enumerate(table.columns) if column.kind is CellKind.TIME]
    total, rows = 0, iter(table.rows)
    with (
        TemporaryDirectory(dir=path.parent, prefix=".parquet-") as folder,
        closing(duckdb.connect(str(Path(folder) / "table.duckdb"), config=_LIMITS)) as connection,
    ):
        connection.execute(f"CREATE TABLE gathered ({columns})")
        appender = connection.appender("gathered")
        while some := [_row(row, times) for row in islice(rows, _AT_ONCE)]:
            appender.append_rows(some)
            appender.flush()
            total += len(some)
        connection.execute(f"COPY gathered TO {_text(path)} (FORMAT parquet, COMPRESSION zstd)")
    return total


def read_parquet(path: Path, name: str) -> DataTable:
    """The rows of a Parquet file of ours, read while they are asked for."""
    with closing(duckdb.connect(config=_LIMITS)) as connection:
        found = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({_text(path)})").fetchall()  # noqa: S608 - a path
    return DataTable(name, [Column(row[0], _KINDS[row[1]]) for row in found], _rows(path, [row[0] for row in found]))


def _rows(path: Path, names: Sequence[str]) -> Iterator[Sequence[Any]]:
    with closing(duckdb.connect(config=_LIMITS)) as connection:
        kinds = connection.execute(f"DESCRIBE SELECT * FROM read_parquet({_text(path)})").fetchall()  # noqa: S608 - a path
        columns = ", ".join(
            f"epoch_us({_quoted(name)})" if kind[1] == "TIMESTAMP" else _quoted(name)
            for name, kind in zip(names, kinds, strict=True)
        )
        connection.execute(f"SELECT {columns} FROM read_parquet({_text(path)})")  # noqa: S608 - our own columns
        while some := connection.fetchmany(_AT_ONCE):
            yield from some


def _row(row: Sequence[Any], times: Sequence[int]) -> Sequence[Any]:
    if not times:
        return tuple(row)
    cells = list(row)
    for place in times:
        if cells[place] is not None:
            cells[place] = cell_time(cells[place])
    return tuple(cells)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
