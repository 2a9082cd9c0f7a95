"""A spreadsheet's sheet as rows of text. The whole sheet is in memory: at most 1,048,576 rows, by its format."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from pathlib import Path

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from postlude.kit.csv_table import read_cells
from postlude.model.errors import InputError
from postlude.services.contacts.file_reader import FileShape, Row


def sheet_shape(path: Path, sheet: str = "") -> FileShape:
    """The named sheet, or the first visible one; InputError when it cannot be read."""
    book = _open(path)
    visible = [one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
    name = sheet or next(iter(visible), "")
    if name not in book.sheet_names:
        raise InputError(f"{path.name} has no sheet {name!r}: it has {', '.join(book.sheet_names) or 'none'}")
    found = book.get_sheet_by_name(name)
    first = found.start[0] if found.start else 0
    return FileShape(name, "", False, "", first + found.height)  # noqa: FBT003 - a named tuple


def sheet_rows(path: Path, sheet: str, after: int = 0) -> Iterator[Row]:
    """Rows behind row `after`; numbers without `.0`, dates as ISO 8601."""
    found: CalamineSheet = _open(path).get_sheet_by_name(sheet)
    for number, cells in enumerate(found.iter_rows(), 1):  # from the sheet's first row, whatever is in it
        if number > after:
            yield Row(number, number, read_cells([_text(cell) for cell in cells]))


def _open(path: Path) -> CalamineWorkbook:
    try:
        return CalamineWorkbook.from_path(str(path))
    except PasswordError:
        raise InputError(f"{path.name} is protected by a password: save it without one") from None
    except (CalamineError, OSError, ValueError) as error:
        raise InputError(
            f"{path.name} cannot be read as a spreadsheet ({error}). Save it as .xlsx or as CSV"
        ) from error


def _text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(sep=" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, int | float | timedelta) else ""
