"""Tables of typed cells, whatever file they are written to."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Final, NamedTuple

from postlude.kit.clock import to_datetime, to_iso

CellValue = str | int | float | None
"""None: an empty cell."""


class CellKind(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    WHOLE = "whole"  # a whole number
    SHARE = "share"  # a fraction; shown as percent where that can be
    TIME = "time"  # microseconds since the epoch; written as a time in UTC


class TableFormat(StrEnum):
    """Kinds of files."""

    CSV = "csv"
    XLSX = "xlsx"
    PARQUET = "parquet"


class Column(NamedTuple):
    """A column's name and what its cells are."""

    name: str
    kind: CellKind = CellKind.TEXT


class DataTable(NamedTuple):
    """A table that may be longer than memory: its rows are read once."""

    name: str
    """In few words, for a sheet or a file: `links`."""
    columns: Sequence[Column]
    rows: Iterable[Sequence[CellValue]]


MEDIA_TYPES: Final = {
    TableFormat.CSV: "text/csv; charset=utf-8",
    TableFormat.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    TableFormat.PARQUET: "application/vnd.apache.parquet",
}


def text_table(name: str, rows: Iterable[Sequence[str]]) -> DataTable:
    """A table of texts whose first row has the names of its columns."""
    found = iter(rows)
    return DataTable(name, [Column(one) for one in next(found)], found)


def text_lines(table: DataTable) -> Iterator[list[str]]:
    """The table as rows of text with its header, for CSV: times in ISO 8601, numbers without separators."""
    yield [column.name for column in table.columns]
    kinds = [column.kind for column in table.columns]
    for row in table.rows:
        yield [_text(cell, kind) for cell, kind in zip(row, kinds, strict=True)]


def cell_time(micros: int) -> datetime:
    """A time without a zone, in UTC: spreadsheets and Parquet know no other without more."""
    return to_datetime(micros).replace(tzinfo=None)


def _text(cell: CellValue, kind: CellKind) -> str:
    if cell is None:
        return ""
    if kind is CellKind.TIME and isinstance(cell, int):
        return to_iso(cell)
    return f"{cell:.6g}" if isinstance(cell, float) else str(cell)
