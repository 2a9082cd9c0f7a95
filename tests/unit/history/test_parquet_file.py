from pathlib import Path

from postlude.history.parquet_file import read_parquet, write_parquet
from postlude.kit.data_table import CellKind, CellValue, Column, DataTable
from support.parquet import parquet_rows, parquet_types

COLUMNS = [Column('o"dd', CellKind.TEXT), Column("at", CellKind.TIME), Column("n", CellKind.WHOLE),
           Column("rate", CellKind.SHARE)]  # fmt: skip
ROWS: list[list[CellValue]] = [["=1+1", 1_764_594_000_000_001, 12, 0.25], ["", None, None, None]]


def test_what_is_read_is_what_was_written(tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    assert write_parquet(path, DataTable("people", COLUMNS, ROWS)) == 2
    found = read_parquet(path, "people")
    assert found.columns == COLUMNS
    assert [list(row) for row in found.rows] == ROWS


def test_columns_have_types_that_others_read(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_parquet(path, DataTable("people", COLUMNS, ROWS))
    assert parquet_types(path) == ["VARCHAR", "TIMESTAMP", "BIGINT", "DOUBLE"]


def test_more_rows_than_are_gathered_at_once_and_none(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    one = [Column("n", CellKind.WHOLE)]
    assert write_parquet(path, DataTable("n", one, ([number] for number in range(25_001)))) == 25_001
    assert parquet_rows(path, "count(DISTINCT n)") == [(25_001,)]
    assert write_parquet(path, DataTable("n", one, [])) == 0
    assert list(tmp_path.iterdir()) == [path]
