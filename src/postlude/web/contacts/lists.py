"""Lists: made, changed, deleted."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.kit.ids import parse_id
from postlude.model.errors import InputError
from postlude.services.contacts.lists import ListDetails, add_list, change_list, delete_list
from postlude.store.contacts.rows import ListTotals
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn

router = APIRouter()


@router.get("/lists", dependencies=[READS])
def lists_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """Every list with its numbers and its form."""
    del viewer
    totals = deps.store.lists.totals()
    found = [(one, totals.get(one.id, ListTotals())) for one in deps.store.lists.every()]
    return pages_of(request).render(request, "contacts/lists.html", found=found)


@router.post("/lists", dependencies=[WRITES, does("lists add", "name")])
def save(  # noqa: PLR0917 - one parameter a field
    deps: Deps,
    viewer: Posted,
    list_id: Annotated[str, Form(alias="list")] = "",
    name: Annotated[str, Form()] = "",
    description: Annotated[str, Form()] = "",
    consent_text: Annotated[str, Form()] = "",
    sender: Annotated[str, Form()] = "",
    double_optin: Annotated[bool, Form()] = False,
    public: Annotated[bool, Form()] = False,
) -> Response:
    """Make a list, or change the one that is named."""
    values: ListDetails = {
        "description": description.strip(),
        "consent_text": consent_text.strip(),
        "sender": sender.strip(),
        "double_optin": double_optin,
        "public": public,
    }
    if list_id:
        change_list(deps.store, parse_id(list_id) or 0, {**values, "name": name}, viewer.user)
    else:
        add_list(deps.store, deps.clock, name, values, viewer.user)
    return RedirectResponse("/lists", status_code=HTTPStatus.SEE_OTHER)


@router.post("/lists/{list_id}/delete", dependencies=[WRITES, does("lists delete")])
def delete(deps: Deps, viewer: Posted, list_id: str, sure: Annotated[str, Form()] = "") -> Response:
    """Delete a list; its contacts stay."""
    del viewer
    if not sure:
        raise InputError("Tick the box that says you are sure.")
    delete_list(deps.store, parse_id(list_id) or 0)
    return RedirectResponse("/lists", status_code=HTTPStatus.SEE_OTHER)
