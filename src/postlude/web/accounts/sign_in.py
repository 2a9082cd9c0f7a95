"""Signing in by a password, with a code, or by a one-time link; and out."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import RedirectResponse

from postlude.model.errors import NotFoundError
from postlude.services.accounts.audit import acted_by, acted_on
from postlude.services.accounts.sign_in import SignInOutcome
from postlude.store.accounts.rows import User
from postlude.web import session
from postlude.web.accounts.form_token import Guarded, form_token, keep_form_cookie
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import ACCOUNT, OPEN
from postlude.web.request_limits import TINY_FORM, takes
from postlude.web.session import Posted, peer_of

router = APIRouter()
_STEP_COOKIE: Final = "postlude-step"
_STEP_SECONDS: Final = 300
_STATUS: Final = {
    SignInOutcome.WRONG: HTTPStatus.FORBIDDEN,
    SignInOutcome.THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    SignInOutcome.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}


def _page(request: Request, deps: WebDeps, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    token = form_token(request, deps)
    page = pages_of(request).render(request, f"accounts/{name}.html", status=status, form_token=token, **values)
    return keep_form_cookie(request, page, deps)


@router.get("/sign-in", dependencies=[OPEN])
def how(request: Request, deps: Deps, *, changed: bool = False) -> Response:
    """Ask for address and password. `changed`: a new password was just set."""
    return _page(request, deps, "sign_in", problem="", address="", changed=changed)


@router.post("/sign-in", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("sign-in", refusals=True)])
def with_password(
    request: Request, deps: Deps, address: Annotated[str, Form()] = "", password: Annotated[str, Form()] = ""
) -> Response:
    """Sign in, or go on to the second step."""
    found = deps.accounts.sign_in.password(address, password, peer_of(request))
    if found.user is None:
        acted_on(_account_called(deps, address))
        status = _STATUS[found.outcome]
        return _page(request, deps, "sign_in", status, problem=found.outcome.value, address=address, changed=False)
    if found.outcome is SignInOutcome.CODE:
        return _to_second_step(deps, found.user, "password")
    return _signed_in(request, deps, found.user, "password")


@router.get("/sign-in/code", dependencies=[OPEN])
def ask_code(request: Request, deps: Deps) -> Response:
    """Ask for the code of the second step."""
    if _step_of(request, deps)[0] is None:
        return RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    return _page(request, deps, "code", problem="")


@router.post("/sign-in/code", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("sign-in code", refusals=True)])
def with_code(request: Request, deps: Deps, code: Annotated[str, Form()] = "") -> Response:
    """Complete signing in with a code or a recovery code."""
    user, how = _step_of(request, deps)
    if user is None:
        return RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    acted_by(user.address)
    outcome = deps.accounts.sign_in.code(user, code, peer_of(request))
    if outcome is not SignInOutcome.DONE:
        return _page(request, deps, "code", _STATUS[outcome], problem=outcome.value)
    response = _signed_in(request, deps, user, f"{how} and code")
    response.delete_cookie(_step_name(deps), path="/", secure=_secure(deps), httponly=True)
    return response


@router.get("/sign-in/forgot", dependencies=[OPEN])
def forgot(request: Request, deps: Deps) -> Response:
    """Ask for the address that gets a link for a new password."""
    return _page(request, deps, "forgot", outcome="")


@router.post("/sign-in/forgot", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("account forgot", "address")])
async def send_link(request: Request, deps: Deps, address: Annotated[str, Form()] = "") -> Response:
    """Send a link. The answer is the same, and as fast, for an address without an account."""
    if deps.outbox is not None:  # mail stays in the sandbox's mailbox, where other users would find the link
        return _page(request, deps, "forgot", outcome="sandbox")
    asked = deps.accounts.resets.ask(address, peer_of(request))
    status = HTTPStatus.OK if asked else HTTPStatus.TOO_MANY_REQUESTS
    return _page(request, deps, "forgot", status, outcome="asked" if asked else "throttled")


@router.get("/sign-in/{token}", dependencies=[OPEN, does("sign-in link", refusals=True)])
def sign_in(request: Request, deps: Deps, token: str) -> Response:
    """Take the link back. A browser that only loads ahead does not use it up."""
    ahead = request.headers.get("sec-purpose", "") + request.headers.get("purpose", "")
    if "prefetch" in ahead or "prerender" in ahead:
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE)
    user = deps.redeem(token)
    if user is None:
        return _page(request, deps, "sign_in", HTTPStatus.FORBIDDEN, problem="spent", address="", changed=False)
    if deps.store.accounts.credentials(user.id).totp is not None:
        return _to_second_step(deps, user, "link")
    return _signed_in(request, deps, user, "link")


@router.post("/sign-out", dependencies=[ACCOUNT, does("sign-out")])
def sign_out(deps: Deps, viewer: Posted) -> Response:
    """End this session, here and on the server."""
    response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    session.clear_session(response, deps, viewer)
    return response


def _signed_in(request: Request, deps: WebDeps, user: User, how: str) -> Response:
    """Always to the first page: where to go next is never taken from the request."""
    response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(request, response, deps, user, how)
    return response


def _account_called(deps: WebDeps, address: str) -> str:
    """Whose account was tried. What is none may be anything: a password that was typed into the wrong field."""
    user = deps.store.accounts.user_by_address(address.strip())
    return user.address if user is not None else "an address without an account"


def _to_second_step(deps: WebDeps, user: User, how: str) -> Response:
    acted_by(user.address)
    acted_on("a code is asked for")
    response = RedirectResponse("/sign-in/code", status_code=HTTPStatus.SEE_OTHER)
    _set_step(response, deps, user, how)
    return response


def _set_step(response: Response, deps: WebDeps, user: User, how: str) -> None:
    """Remember for five minutes, in this browser alone, whose first step was right, and which it was."""
    value = _serializer(deps).dumps([user.id, deps.store.accounts.credentials(user.id).password_at, how])
    response.set_cookie(
        _step_name(deps),
        value,
        max_age=_STEP_SECONDS,
        path="/",
        secure=_secure(deps),
        httponly=True,
        samesite="strict",
    )


def _step_of(request: Request, deps: WebDeps) -> tuple[User | None, str]:
    """Whose first step was right, and how; None when the password was changed since, or it was too long ago."""
    value = request.cookies.get(_step_name(deps), "")
    try:
        user_id, password_at, how = _serializer(deps).loads(value, max_age=_STEP_SECONDS)
        user = deps.store.accounts.user(int(user_id))
    except (BadSignature, NotFoundError, ValueError, TypeError):
        return None, ""
    known = deps.store.accounts.credentials(user.id)
    right = user.disabled_at is None and known.password_at == password_at
    return (user, str(how)) if right else (None, "")


def _serializer(deps: WebDeps) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(deps.secret, salt="postlude.second-step.2")


def _step_name(deps: WebDeps) -> str:
    return f"__Host-{_STEP_COOKIE}" if _secure(deps) else _STEP_COOKIE


def _secure(deps: WebDeps) -> bool:
    return deps.public_url.startswith("https:")
