import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.kit.csv_table import CsvTable, read_cell, read_cells, row_text


@pytest.mark.parametrize("mark", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_no_cell_begins_like_a_formula(mark: str) -> None:
    (cell,) = next(csv.reader(io.StringIO(row_text([f"{mark}1+1"]), newline="")))
    assert cell == f"'{mark}1+1"
    assert read_cell(cell) == f"{mark}1+1"


def test_a_cell_stays_one_cell_where_others_part_at_semicolons() -> None:
    assert row_text(["a;=1+1", "b\t=1", "c"]) == '"a;=1+1","b\t=1",c\r\n'


@given(st.lists(st.lists(st.text("'=+-@\t\r\n;,|\"\\a é", max_size=8), min_size=1, max_size=4), max_size=4))
def test_what_is_read_is_what_was_written(rows: list[list[str]]) -> None:
    rows = [row for row in rows if any(row)]
    out = io.StringIO(newline="")
    table = CsvTable(out)
    for row in rows:
        table.writerow(row)
    out.seek(0)
    assert [read_cells(row) for row in csv.reader(out)] == rows


def test_an_ordinary_cell_stays_as_it_is() -> None:
    assert row_text(["o'brien@example.org", "'quoted'", 5, ""]) == "o'brien@example.org,'quoted',5,\r\n"
