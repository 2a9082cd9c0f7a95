"""Tables as downloads."""

from collections.abc import Iterator

from fastapi import Response
from starlette.responses import StreamingResponse

from postlude.kit.csv_table import row_text


def csv_response(rows: Iterator[list[str]], name: str) -> Response:
    """A table as a download, written while it is read: memory stays flat."""

    def lines() -> Iterator[str]:
        yield "\ufeff"  # spreadsheet programs take a file without it for Windows-1252
        yield from map(row_text, rows)

    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return StreamingResponse(lines(), media_type="text/csv; charset=utf-8", headers=headers)
