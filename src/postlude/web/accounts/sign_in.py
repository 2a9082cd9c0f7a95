"""Signing in by a one-time link, and out."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from starlette.responses import RedirectResponse

from postlude.web import session
from postlude.web.deps import Deps
from postlude.web.pages import pages_of
from postlude.web.session import Posted

router = APIRouter()


@router.get("/sign-in")
def how(request: Request) -> Response:
    """Show how to get a link."""
    return pages_of(request).render(request, "accounts/sign_in.html", spent=False)


@router.get("/sign-in/{token}")
def sign_in(request: Request, deps: Deps, token: str) -> Response:
    """Take the link back. A browser that only loads ahead does not use it up."""
    ahead = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    if "prefetch" in ahead or "prerender" in ahead:
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    user = deps.redeem(token)
    if user is None:
        return pages_of(request).render(request, "accounts/sign_in.html", status=HTTPStatus.FORBIDDEN, spent=True)
    response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(response, deps, user)
    return response


@router.post("/sign-out")
def sign_out(deps: Deps, viewer: Posted) -> Response:
    """End this session, here and on the server."""
    response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    session.clear_session(response, deps, viewer)
    return response
