"""The audit log: searched, and taken away as a file."""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request, Response

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.kit.data_table import TableFormat
from postlude.kit.ids import parse_id
from postlude.model.errors import InputError
from postlude.services.accounts.audit import audit_rows
from postlude.store.accounts.audit_log import AuditSearch
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import MANAGES

router = APIRouter()
_PAGE: Final = 100


def _search(person: str = "", act: str = "", since: str = "", until: str = "") -> AuditSearch:
    last = _day(until)
    return AuditSearch(person, act, _micros(_day(since)), _micros(last and last + timedelta(days=1)))


Search = Annotated[AuditSearch, Depends(_search)]


@router.get("/audit", dependencies=[MANAGES])
def audit_page(request: Request, deps: Deps, search: Search, before: str = "") -> Response:
    """The newest entries that match."""
    found = deps.store.accounts.audit_page(search, _PAGE, parse_id(before) or 0)
    return pages_of(request).render(
        request,
        "accounts/audit.html",
        found=found,
        acts=deps.store.accounts.audit_acts(),
        query={name: request.query_params.get(name, "") for name in ("person", "act", "since", "until")},
        older=found[-1].id if len(found) == _PAGE else 0,
    )


@router.get("/audit/export.{form}", dependencies=[MANAGES, does("audit export")])
def audit_export(deps: Deps, search: Search, form: TableFormat) -> Response:
    """All entries that match, as a file."""
    return rows_response(audit_rows(deps.store, search), form, "audit")


def _day(text: str) -> datetime | None:
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC) if text else None
    except ValueError:
        raise InputError(f"{text!r} is not a day: write it as 2026-12-01.") from None


def _micros(day: datetime | None) -> int:
    return int(day.timestamp()) * MICROS_PER_SECOND if day else 0
