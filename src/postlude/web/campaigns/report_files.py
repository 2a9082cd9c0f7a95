"""A campaign's results, and those of all campaigns, as files."""

from collections.abc import Iterator
from itertools import chain
from typing import Final

from fastapi import APIRouter, Request, Response

from postlude.kit.data_table import TableFormat
from postlude.kit.ids import id_text
from postlude.services.campaigns.comparison import sorted_lines
from postlude.services.campaigns.report import report_of
from postlude.services.campaigns.report_pdf import report_pdf
from postlude.services.campaigns.report_tables import report_tables, results_data
from postlude.services.reports.copy_table import copies_table
from postlude.services.reports.event_table import EVENT_COLUMNS, event_rows
from postlude.services.reports.shapes import TimelineEntry
from postlude.web.audit_trail import does
from postlude.web.campaigns.comparison_pages import results_table
from postlude.web.campaigns.draft_pages import find, report
from postlude.web.deps import Deps, WebDeps
from postlude.web.downloads import rows_response, table_response
from postlude.web.permissions import READS
from postlude.web.session import SignedIn

router = APIRouter()

_AT_ONCE: Final = 1_000


@router.get("/campaigns/results.{form}", dependencies=[READS])
def results_file(request: Request, deps: Deps, viewer: SignedIn, form: TableFormat) -> Response:
    """All campaigns of the viewer's that were sent, the newest first."""
    lines = sorted_lines(results_table(request, deps, viewer).lines)
    return table_response([results_data(lines)], form, "campaigns")


@router.get("/campaigns/{campaign}/report.pdf", dependencies=[READS])
def report_document(deps: Deps, viewer: SignedIn, campaign: str) -> Response:
    """The report for those who do not sign in."""
    found = find(deps, viewer, campaign)
    made = report_pdf(found, report_of(deps.store, found), deps.clock.now())
    headers = {"Content-Disposition": f'attachment; filename="report-{id_text(found.id)}.pdf"'}
    return Response(made, media_type="application/pdf", headers=headers)


@router.get("/campaigns/{campaign}/report.{form}", dependencies=[READS])
def report_file(
    request: Request, deps: Deps, viewer: SignedIn, campaign: str, form: TableFormat, *, part: str = ""
) -> Response:
    """Every table of the report as XLSX, one `part` of it in any format."""
    found = find(deps, viewer, campaign)
    return table_response(report_tables(report(request, deps, found)), form, f"report-{campaign}", part)


@router.get("/campaigns/{campaign}/recipients.{form}", dependencies=[READS, does("export recipients")])
def recipients_file(deps: Deps, viewer: SignedIn, campaign: str, form: TableFormat) -> Response:
    """Every copy with what became of it."""
    found = find(deps, viewer, campaign)
    table = copies_table(deps.store, deps.store.campaigns.message_ids(found.id))
    return table_response([table], form, f"recipients-{campaign}")


@router.get("/campaigns/{campaign}/events.{form}", dependencies=[READS, does("export events")])
def events_file(deps: Deps, viewer: SignedIn, campaign: str, form: TableFormat) -> Response:
    """Every event of its copies, copy by copy, in words."""
    found = find(deps, viewer, campaign)
    rows = event_rows(_entries(deps, deps.store.campaigns.message_ids(found.id)))
    return rows_response(chain([list(EVENT_COLUMNS)], rows), form, f"events-{id_text(found.id)}")


def _entries(deps: WebDeps, messages: list[int]) -> Iterator[TimelineEntry]:
    for copies in deps.store.campaigns.recipients_in_parts(messages, _AT_ONCE):
        yield from deps.reports.copies_timeline(copies)
