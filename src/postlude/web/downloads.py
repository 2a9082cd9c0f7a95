"""Tables as downloads: CSV, XLSX or Parquet."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from fastapi import Response
from starlette.background import BackgroundTask
from starlette.responses import FileResponse, StreamingResponse

from postlude.kit.csv_table import row_text
from postlude.kit.data_table import MEDIA_TYPES, DataTable, TableFormat, text_lines, text_table
from postlude.model.errors import NotFoundError
from postlude.services.reports.table_files import write_tables


def csv_response(rows: Iterator[list[str]], name: str) -> Response:
    """A table as a download, written while it is read: memory stays flat."""

    def lines() -> Iterator[str]:
        yield "\ufeff"  # spreadsheet programs take a file without it for Windows-1252
        yield from map(row_text, rows)

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type=MEDIA_TYPES[TableFormat.CSV], headers=headers)


def table_response(tables: Sequence[DataTable], form: TableFormat, name: str, part: str = "") -> Response:
    """Tables as a download called `name` with the format's ending.

    XLSX has all of them unless one `part` is asked for, the others that part or the first. NotFoundError for a part
    that is not there.
    """
    chosen = [table for table in tables if not part or table.name == part]
    if not chosen:
        raise NotFoundError(f"there is no table {part!r}")
    if form is not TableFormat.XLSX:
        chosen = chosen[:1]
    called = f"{name}-{chosen[0].name}" if len(tables) > 1 and len(chosen) == 1 else name
    if form is TableFormat.CSV:
        return csv_response(text_lines(chosen[0]), f"{called}.csv")
    path = temporary_file(f".{form}")
    try:
        write_tables(path, form, chosen)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return file_once(path, f"{called}.{form}", MEDIA_TYPES[form])


def rows_response(rows: Iterator[list[str]], form: TableFormat, name: str) -> Response:
    """As `table_response`, of a table of texts with its header."""
    return table_response([text_table(name, rows)], form, name)


def temporary_file(ending: str) -> Path:
    """A new empty file that only this account can read."""
    handle, path = tempfile.mkstemp(ending, "postlude-")
    os.close(handle)
    return Path(path)


def file_once(path: Path, name: str, media_type: str) -> Response:
    """The file as a download; it is deleted when it was sent."""
    return FileResponse(path, filename=name, media_type=media_type, background=BackgroundTask(path.unlink, True))  # noqa: FBT003 - missing_ok
