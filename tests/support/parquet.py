"""Parquet files as others read them."""

from contextlib import closing
from pathlib import Path
from typing import Any

import duckdb


def parquet_rows(path: Path, columns: str, more: str = "") -> list[tuple[Any, ...]]:
    """SELECT columns FROM the file, and what is asked `more`."""
    with closing(duckdb.connect()) as connection:
        return connection.execute(f"SELECT {columns} FROM '{path}' {more}").fetchall()


def parquet_types(path: Path) -> list[str]:
    """The types of its columns."""
    with closing(duckdb.connect()) as connection:
        return [row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM '{path}'").fetchall()]
