from datetime import datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from python_calamine import CalamineWorkbook

from postlude.kit.data_table import CellKind, CellValue, Column, DataTable
from postlude.kit.xlsx_file import write_xlsx

COLUMNS = [Column("who"), Column("at", CellKind.TIME), Column("opens", CellKind.WHOLE), Column("rate", CellKind.SHARE)]


def _table(name: str, *rows: list[CellValue]) -> DataTable:
    return DataTable(name, COLUMNS, rows)


def _sheet(path: Path, name: str) -> list[list[object]]:
    return [list(row) for row in CalamineWorkbook.from_path(str(path)).get_sheet_by_name(name).to_python()]


def test_cells_keep_their_kinds(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    assert write_xlsx(path, [_table("people", ["Ann", 1_764_594_000_000_000, 12, 0.25], ["Bob", None, 0, None])]) == 2
    assert _sheet(path, "people") == [
        ["who", "at", "opens", "rate"],
        ["Ann", datetime(2025, 12, 1, 13), 12.0, 0.25],  # noqa: DTZ001 - as spreadsheets have times
        ["Bob", "", 0.0, ""],
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "https://evil.example", "{=1}", "0123"])
def test_no_text_is_a_formula_a_link_or_a_number(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [_table("people", [text, None, 1, None])])
    assert _sheet(path, "people")[1][0] == text
    sheet = ZipFile(path).read("xl/worksheets/sheet1.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet


def test_what_looks_like_a_formula_stays_a_text_when_it_is_edited(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [_table("people", ["=1+1", None, 1, None])])
    assert 'quotePrefix="1"' in ZipFile(path).read("xl/styles.xml").decode()


def test_every_table_has_its_sheet_and_names_are_made_to_fit(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [_table("links [all]"), _table("Links all"), _table("x" * 40), _table("")])
    assert CalamineWorkbook.from_path(str(path)).sheet_names == ["links all", "Links all 2", "x" * 31, "table"]


def test_what_is_too_long_for_a_sheet_goes_on_in_another(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    rows: list[list[CellValue]] = [[f"p{number}", None, number, None] for number in range(5)]
    assert write_xlsx(path, [_table("people", *rows)], sheet_rows=3) == 5
    assert [row[0] for row in _sheet(path, "people 3")] == ["who", "p4"]


def test_a_cell_that_is_too_long_is_cut(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    write_xlsx(path, [_table("people", ["x" * 40_000, None, 1, None])])
    assert _sheet(path, "people")[1][0] == "x" * 32_767
