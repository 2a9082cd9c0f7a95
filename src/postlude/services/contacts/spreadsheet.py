"""A spreadsheet's sheet as rows of text, read in a child process.

The reader fills a rectangle from the first cell to the last, so that a file of 1.5 kB with two far cells wants 8 GB:
the child gets only so much memory, and only so much time until the first rows come.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Final

from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

from postlude.kit.bounded_child import Bound, BoundedChildren, BoundExceededError
from postlude.kit.csv_table import read_cells
from postlude.model.errors import InputError
from postlude.services.contacts.file_reader import FileRow, FileShape

SECONDS: Final = 60.0
MEMORY_BYTES: Final = 1536 << 20  # 1,048,576 rows of 26 cells take 900 MB
_CHILDREN: Final = BoundedChildren(seconds=SECONDS, memory_bytes=MEMORY_BYTES, children=3)  # starts when first needed
_REMEDY: Final = "Save the sheet as CSV, or delete the empty rows and columns behind its data"
_WHY: Final = {
    Bound.TIME: f"takes longer than {SECONDS:.0f} seconds to read. {_REMEDY}",
    Bound.MEMORY: f"needs more than {MEMORY_BYTES >> 20:,} MB of memory. {_REMEDY}",
    Bound.RESULT: f"has cells that are too large. {_REMEDY}",
    Bound.BUSY: "has to wait for other spreadsheets: try again in a minute",
}


def sheet_shape(path: Path, sheet: str = "") -> FileShape:
    """The named sheet, or the first visible one; InputError when it cannot be read."""
    try:
        return _CHILDREN.call(_shape, path, sheet)
    except BoundExceededError as error:
        raise InputError(f"{path.name} {_WHY[error.bound]}") from error


def sheet_rows(path: Path, sheet: str, after: int = 0) -> Iterator[FileRow]:
    """Rows behind row `after`; numbers without `.0`, dates as ISO 8601. InputError when it cannot be read."""
    try:
        yield from _CHILDREN.stream(_rows, path, sheet, after)
    except BoundExceededError as error:
        raise InputError(f"{path.name} {_WHY[error.bound]}") from error


def _shape(path: Path, sheet: str) -> FileShape:
    with _reported(path):
        book = CalamineWorkbook.from_path(str(path))
        visible = [one.name for one in book.sheets_metadata if one.visible is SheetVisibleEnum.Visible]
        name = sheet or next(iter(visible), "")
        if name not in book.sheet_names:
            raise InputError(f"{path.name} has no sheet {name!r}: it has {', '.join(book.sheet_names) or 'none'}")
        found = book.get_sheet_by_name(name)
    first = found.start[0] if found.start else 0
    return FileShape(name, "", False, "", first + found.height)  # noqa: FBT003 - a named tuple


def _rows(path: Path, sheet: str, after: int) -> Iterator[FileRow]:
    with _reported(path):
        found = CalamineWorkbook.from_path(str(path)).get_sheet_by_name(sheet)
    for number, cells in enumerate(found.iter_rows(), 1):  # from the sheet's first row, whatever is in it
        if number > after:
            yield FileRow(number, number, read_cells([_text(cell) for cell in cells]))


@contextmanager
def _reported(path: Path) -> Iterator[None]:
    """InputError for any error of the reader; its errors share no class."""
    try:
        yield
    except (InputError, MemoryError):
        raise
    except PasswordError:
        raise InputError(f"{path.name} is protected by a password: save it without one") from None
    except Exception as error:
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
