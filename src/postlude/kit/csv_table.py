"""CSV without formulas: cells are escaped on writing and restored on reading.

A cell that begins with one of `= + - @`, a tab or a line end is a formula to a spreadsheet. It is written with an
apostrophe in front, which reading removes again; a cell that already begins with one gets another.
"""

import re
from collections.abc import Iterable, Sequence
from typing import IO, Final

_FORMULA: Final = re.compile("'*[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
_UNSAFE: Final = re.compile("'+[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]")
# Also other separators: where a spreadsheet splits at semicolons, a cell begins after each.
_QUOTED: Final = re.compile('[",;|\t\r\n]|^\\s|\\s$')


class CsvTable:
    """Writes rows as RFC 4180 wants them; has the `writerow` of a `csv.writer`."""

    def __init__(self, out: IO[str]) -> None:
        self._out: Final = out

    def writerow(self, row: Sequence[object], /) -> object:
        """Write one row."""
        return self._out.write(row_text(row))


def row_text(row: Iterable[object]) -> str:
    """One row with its line end."""
    return ",".join(_written(str(cell)) for cell in row) + "\r\n"


def is_formula(cell: str) -> bool:
    """Whether a spreadsheet would take the cell for one, or for one behind apostrophes."""
    return _FORMULA.match(cell) is not None


def read_cell(cell: str) -> str:
    """The cell as it was before it was written harmless."""
    return cell[1:] if _UNSAFE.match(cell) else cell


def read_cells(cells: list[str]) -> list[str]:
    """As `read_cell`, of a row."""
    return [read_cell(cell) if cell.startswith("'") else cell for cell in cells]


def _written(cell: str) -> str:
    if is_formula(cell):
        cell = "'" + cell
    return '"' + cell.replace('"', '""') + '"' if _QUOTED.search(cell) else cell
