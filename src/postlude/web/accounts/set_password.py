"""The page behind a link of an invitation or of a reset: set a password.

Only the form uses the link up: programs that look at mail follow links.
"""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.model.errors import InputError
from postlude.services.accounts.one_time_links import LinkPurpose, link_user
from postlude.services.accounts.passwords import SHORTEST, PasswordsBusyError, set_password_by_link
from postlude.store.accounts.rows import User
from postlude.web import session
from postlude.web.accounts.form_token import Guarded, form_token, keep_form_cookie
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import OPEN
from postlude.web.request_limits import TINY_FORM, takes

router = APIRouter()


def _page(request: Request, deps: WebDeps, user: User | None, problem: str = "") -> Response:
    status = HTTPStatus.FORBIDDEN if user is None else HTTPStatus.BAD_REQUEST if problem else HTTPStatus.OK
    page = pages_of(request).render(
        request,
        "accounts/set_password.html",
        status=status,
        form_token=form_token(request, deps),
        user=user,
        problem=problem,
        shortest=SHORTEST,
    )
    return keep_form_cookie(request, page, deps)


@router.get("/password/{token}", dependencies=[OPEN])
def ask(request: Request, deps: Deps, token: str) -> Response:
    """Ask for the new password."""
    return _page(request, deps, link_user(deps.store, deps.clock, LinkPurpose.PASSWORD, token))


@router.post("/password/{token}", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("account password")])
def save(request: Request, deps: Deps, token: str, password: Annotated[str, Form()] = "") -> Response:
    """Set it, and sign in; with a second step, sign in with both."""
    try:
        user = set_password_by_link(deps.store, deps.clock, token, password)
    except (InputError, PasswordsBusyError) as error:
        known = link_user(deps.store, deps.clock, LinkPurpose.PASSWORD, token)
        return _page(request, deps, known, str(error) or "The server is busy. Try again in a moment.")
    if user is None:
        return _page(request, deps, None)
    deps.accounts.sign_in.forget(user)
    if deps.store.accounts.credentials(user.id).totp is not None:
        return RedirectResponse("/sign-in?changed=1", status_code=HTTPStatus.SEE_OTHER)
    response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(request, response, deps, user, "new password")
    return response
