"""Addresses that must not be mailed: looked at, added, let back."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.data_table import TableFormat
from postlude.model.errors import NotFoundError
from postlude.services.contacts import suppressions as service
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.downloads import rows_response
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn

router = APIRouter()
_PAGE: Final = 50


@router.get("/suppressions", dependencies=[READS])
def suppressions_page(  # noqa: PLR0917 - one parameter a field
    request: Request, deps: Deps, viewer: SignedIn, q: str = "", reason: str = "", after: str = ""
) -> Response:
    """The newest first, by reason."""
    del viewer
    last = deps.store.suppressions.get(after) if after else None
    found = deps.store.suppressions.latest(_PAGE, search=q, reason=reason, after=last)
    return pages_of(request).render(
        request,
        "contacts/suppressions.html",
        found=found,
        counts=deps.store.suppressions.count(q),
        q=q,
        reason=reason,
        older=found[-1].address if len(found) == _PAGE else "",
        first=not after,
    )


@router.get("/suppressions/export.{form}", dependencies=[READS, does("export suppressions")])
def export(deps: Deps, viewer: SignedIn, form: TableFormat) -> Response:
    """The whole list as a file."""
    del viewer
    return rows_response(service.suppression_rows(deps.store), form, "suppressions")


@router.post("/suppressions", dependencies=[WRITES, does("suppressions add", "address")])
def add(
    deps: Deps, viewer: Posted, address: Annotated[str, Form()] = "", note: Annotated[str, Form()] = ""
) -> Response:
    """Suppress an address by hand; the user is recorded."""
    service.suppress(deps.store, deps.clock, address, by=viewer.user.address, note=note.strip())
    return RedirectResponse("/suppressions", status_code=HTTPStatus.SEE_OTHER)


@router.post("/suppressions/remove", dependencies=[WRITES, does("suppressions remove", "address")])
def remove(deps: Deps, viewer: Posted, address: Annotated[str, Form()] = "") -> Response:
    """Remove a suppression."""
    del viewer
    if not service.end_suppression(deps.store, address):
        raise NotFoundError(f"{address} is not suppressed")
    return RedirectResponse("/suppressions", status_code=HTTPStatus.SEE_OTHER)
