"""Reports by mail: which go out, to whom; a new one."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.model.errors import InputError
from postlude.services.campaigns.report_plans import Occasion, add_plan, next_moment, plans_of, remove_plan
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import READS, WRITES
from postlude.web.session import Posted, SignedIn, Viewer

router = APIRouter()
_PAGE: Final = "/reports/by-mail"
_DIGITS: Final = 6


@router.get(_PAGE, dependencies=[READS])
def schedules_page(request: Request, deps: Deps, viewer: SignedIn) -> Response:
    """The viewer's plans, and the form for another."""
    return _page(request, deps, viewer)


@router.post(_PAGE, dependencies=[WRITES, does("reports add")])
def add(  # noqa: PLR0917 - one parameter a field
    request: Request,
    deps: Deps,
    viewer: Posted,
    occasion: Annotated[str, Form()] = "",
    hours: Annotated[str, Form()] = "",
    to: Annotated[str, Form()] = "",
    time_zone: Annotated[str, Form()] = "UTC",
) -> Response:
    """Make a plan, or show the form again with what is wrong with it."""
    typed = {"occasion": occasion, "hours": hours, "to": to, "time_zone": time_zone}
    try:
        number = int(hours) if hours.strip().isdecimal() and len(hours) < _DIGITS else 0
        members = [one for one in to.replace(",", " ").split() if one]
        add_plan(
            deps.store,
            deps.clock,
            viewer.user,
            _occasion(occasion),
            members,
            hours=number,
            zone_text=time_zone or "UTC",
        )
    except InputError as error:
        return _page(request, deps, viewer, typed, str(error))
    return RedirectResponse(_PAGE, status_code=HTTPStatus.SEE_OTHER)


@router.post(_PAGE + "/{plan}/remove", dependencies=[WRITES, does("reports remove")])
def remove(deps: Deps, viewer: Posted, plan: str) -> Response:
    """End a plan."""
    remove_plan(deps.store, viewer.user.id, plan)
    return RedirectResponse(_PAGE, status_code=HTTPStatus.SEE_OTHER)


def _occasion(word: str) -> Occasion:
    if word not in set(Occasion):
        raise InputError("choose when the report goes out")
    return Occasion(word)


def _page(
    request: Request, deps: WebDeps, viewer: Viewer, typed: dict[str, str] | None = None, error: str = ""
) -> Response:
    names = {one.id: one.address for one in deps.store.accounts.list_users()}
    plans = plans_of(deps.store, viewer.user.id)
    return pages_of(request).render(
        request,
        "reports/by_mail.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        plans=[
            (one, next_moment(one, deps.clock.now()), [names.get(m, "(gone)") for m in one.recipients]) for one in plans
        ],
        typed=typed or {"occasion": "weekly", "hours": "48", "to": viewer.user.address, "time_zone": "UTC"},
        error=error,
    )
