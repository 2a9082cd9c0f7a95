"""Tables as files: CSV, XLSX or Parquet."""

from collections.abc import Sequence
from pathlib import Path

from postlude.history.parquet_file import write_parquet
from postlude.kit.csv_table import row_text
from postlude.kit.data_table import DataTable, TableFormat, text_lines
from postlude.kit.xlsx_file import write_xlsx
from postlude.model.errors import InputError


def format_of(name: str) -> TableFormat:
    """The format that a file's name ends in; InputError for any other ending."""
    ending = name.rpartition(".")[2].lower()
    if ending not in set(TableFormat):
        raise InputError(f"{name} does not say which format: let it end in .csv, .xlsx or .parquet")
    return TableFormat(ending)


def write_tables(path: Path, form: TableFormat, tables: Sequence[DataTable]) -> int:
    """Write them; how many rows. Only XLSX holds several tables: InputError for more than one in another format."""
    if form is TableFormat.XLSX:
        return write_xlsx(path, tables)
    if len(tables) != 1:
        names = ", ".join(table.name for table in tables)
        raise InputError(f"a {form.value} file has one table: choose one of {names}, or write .xlsx")
    return write_parquet(path, tables[0]) if form is TableFormat.PARQUET else _write_csv(path, tables[0])


def _write_csv(path: Path, table: DataTable) -> int:
    total = -1
    with path.open("w", encoding="utf-8-sig", newline="") as out:  # spreadsheets take a file without a mark for cp1252
        for row in text_lines(table):
            out.write(row_text(row))
            total += 1
    return total
