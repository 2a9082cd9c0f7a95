"""Data to take along: every event and copy of the viewer's, campaigns, contacts."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fastapi import APIRouter, Request, Response

from postlude.history.parquet_file import read_parquet
from postlude.kit.data_table import MEDIA_TYPES, TableFormat
from postlude.services.reports.copy_table import every_copy
from postlude.services.reports.table_files import write_tables
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import file_once, table_response, temporary_file
from postlude.web.pages import pages_of
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()


@router.get("/exports", dependencies=[READS])
def exports_page(request: Request, viewer: SignedIn) -> Response:
    """What can be taken along, and in which formats."""
    del viewer
    return pages_of(request).render(request, "reports/exports.html")


@router.get("/exports/events.{form}", dependencies=[READS, does("export events")])
def all_events(deps: Deps, viewer: SignedIn, form: TableFormat) -> Response:
    """Every event of the viewer's mail, with the same columns in every format."""
    with _kept(temporary_file(".parquet")) as path:
        deps.reports.export_events(path, viewer.user.id)
        if form is TableFormat.PARQUET:
            return file_once(path, "events.parquet", MEDIA_TYPES[form])
        with _kept(temporary_file(f".{form}")) as made:
            write_tables(made, form, [read_parquet(path, "events")])
            path.unlink()
            return file_once(made, f"events.{form}", MEDIA_TYPES[form])


@router.get("/exports/copies.{form}", dependencies=[READS, does("export copies")])
def all_copies(deps: Deps, viewer: SignedIn, form: TableFormat) -> Response:
    """Every copy of the viewer's mail with what became of it."""
    return table_response([every_copy(deps.store, viewer.user.id)], form, "copies")


@contextmanager
def _kept(path: Path) -> Iterator[Path]:
    """A file that is deleted when what is inside fails."""
    try:
        yield path
    except BaseException:
        path.unlink(missing_ok=True)
        raise
