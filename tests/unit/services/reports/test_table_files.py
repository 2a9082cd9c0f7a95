from pathlib import Path

import pytest

from postlude.history.parquet_file import read_parquet
from postlude.kit.data_table import Column, DataTable, TableFormat
from postlude.model.errors import InputError
from postlude.services.reports.table_files import format_of, write_tables


def _table(name: str = "people") -> DataTable:
    return DataTable(name, [Column("who")], [["=1+1"], ["Zoë"]])


@pytest.mark.parametrize(("name", "form"), [("a.csv", "csv"), ("b.v2.XLSX", "xlsx"), ("c.parquet", "parquet")])
def test_the_ending_says_the_format(name: str, form: str) -> None:
    assert format_of(name) == form


@pytest.mark.parametrize("name", ["a", "a.xls"])
def test_other_endings_are_refused_with_those_there_are(name: str) -> None:
    with pytest.raises(InputError, match="let it end in"):
        format_of(name)


def test_csv_is_harmless_and_has_its_mark(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    assert write_tables(path, TableFormat.CSV, [_table()]) == 2
    assert path.read_bytes().decode("utf-8-sig") == "who\r\n'=1+1\r\nZoë\r\n"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")


def test_parquet_keeps_texts_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    write_tables(path, TableFormat.PARQUET, [_table()])
    assert list(read_parquet(path, "a").rows) == [("=1+1",), ("Zoë",)]


def test_one_file_has_one_table_unless_it_has_sheets(tmp_path: Path) -> None:
    two = [_table(), _table("more")]
    assert write_tables(tmp_path / "a.xlsx", TableFormat.XLSX, [_table(), _table("more")]) == 4
    with pytest.raises(InputError, match="choose one of people, more"):
        write_tables(tmp_path / "a.csv", TableFormat.CSV, two)
