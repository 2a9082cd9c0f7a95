from datetime import datetime

from postlude.kit.data_table import CellKind, CellValue, Column, DataTable, cell_time, text_lines, text_table

COLUMNS = [Column("who"), Column("at", CellKind.TIME), Column("opens", CellKind.WHOLE), Column("rate", CellKind.SHARE)]


def test_cells_are_text_for_csv() -> None:
    rows: list[list[CellValue]] = [["Ann", 1_764_594_000_123_000, 1234567, 0.25], ["=x", None, 0, None]]
    assert list(text_lines(DataTable("people", COLUMNS, rows))) == [
        ["who", "at", "opens", "rate"],
        ["Ann", "2025-12-01T13:00:00.123Z", "1234567", "0.25"],
        ["=x", "", "0", ""],
    ]


def test_a_table_of_texts_takes_its_header_from_the_first_row() -> None:
    table = text_table("contacts", iter([["email", "name"], ["a@b.c", "A"]]))
    assert [column.name for column in table.columns] == ["email", "name"]
    assert list(table.rows) == [["a@b.c", "A"]]


def test_times_have_no_zone_and_are_utc() -> None:
    assert cell_time(1_764_594_000_000_000) == datetime(2025, 12, 1, 13)  # noqa: DTZ001 - that it has none is the point
