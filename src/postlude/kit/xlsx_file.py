"""Tables as the sheets of one XLSX file, written row by row. No cell is a formula or a link."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from postlude.kit.csv_table import is_formula
from postlude.kit.data_table import CellKind, CellValue, DataTable, cell_time

if TYPE_CHECKING:
    from xlsxwriter import Workbook
    from xlsxwriter.worksheet import Worksheet

_ROWS: Final = 1_048_576
"""Of a sheet, as spreadsheet programs have them; what is more goes on in another sheet."""
_CELL_LENGTH: Final = 32_767
"""Of a cell."""
_NAME_LENGTH: Final = 31
"""Letters of a sheet's name."""
_WIDTH: Final = 18
_NOT_IN_NAMES: Final = str.maketrans(dict.fromkeys("[]:*?/\\'", " "))
_OPTIONS: Final = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "in_memory": False,
}


def write_xlsx(path: Path, tables: Iterable[DataTable], *, sheet_rows: int = _ROWS) -> int:
    """Write the tables, each to a sheet of its own; how many rows. Memory stays flat.

    A text that a spreadsheet would take for a formula once it is edited is marked as a text (`quotePrefix`).
    """
    from xlsxwriter import Workbook  # noqa: PLC0415 - costs 40 ms, and few commands need it

    total = 0
    with Workbook(str(path), _OPTIONS | {"tmpdir": str(path.parent)}) as book:
        sheets = _Sheets(book, sheet_rows)
        for table in tables:
            total += sheets.write(table)
    return total


class _Sheets:
    def __init__(self, book: "Workbook", most: int) -> None:
        self._book = book
        self._most = most
        self._names = set[str]()
        self._head = book.add_format({"bold": True})
        self._harmless = book.add_format({"quote_prefix": True})
        self._formats: dict[CellKind, Any] = {
            CellKind.TEXT: None,
            CellKind.WHOLE: None,
            CellKind.SHARE: book.add_format({"num_format": "0.0%"}),
            CellKind.TIME: book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }

    def write(self, table: DataTable) -> int:
        sheet, line, total = self._sheet(table), 1, 0
        kinds = [column.kind for column in table.columns]
        for row in table.rows:
            if line == self._most:
                sheet, line = self._sheet(table), 1
            self._row(sheet, line, kinds, row)
            line, total = line + 1, total + 1
        return total

    def _row(self, sheet: "Worksheet", line: int, kinds: Sequence[CellKind], row: Sequence[CellValue]) -> None:
        for place, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            if cell is None or cell == "":
                continue
            if isinstance(cell, str):
                sheet.write_string(line, place, cell[:_CELL_LENGTH], self._harmless if is_formula(cell) else None)
            elif kind is CellKind.TIME:
                sheet.write_datetime(line, place, cell_time(int(cell)), self._formats[kind])
            else:
                sheet.write_number(line, place, cell, self._formats[kind])

    def _sheet(self, table: DataTable) -> "Worksheet":
        sheet = self._book.add_worksheet(self._name(table.name))
        sheet.freeze_panes(1, 0)
        sheet.set_column(0, max(len(table.columns) - 1, 0), _WIDTH)
        for place, column in enumerate(table.columns):
            sheet.write_string(0, place, column.name[:_CELL_LENGTH], self._head)
        return sheet

    def _name(self, wanted: str) -> str:
        """One that spreadsheets take and no other sheet has, whatever the case of letters."""
        clean = " ".join(wanted.translate(_NOT_IN_NAMES).split())[:_NAME_LENGTH] or "table"
        name, number = clean, 1
        while name.lower() in self._names:
            number += 1
            name = f"{clean[: _NAME_LENGTH - len(str(number)) - 1]} {number}"
        self._names.add(name.lower())
        return name
