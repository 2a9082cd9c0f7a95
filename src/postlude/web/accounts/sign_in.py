"""Signing in by a password, with a code, or by a one-time link; and out."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.model.proven_person import ProvenPerson
from postlude.services.accounts.audit import acted_on, nothing_done
from postlude.services.accounts.sign_in import SignInOutcome
from postlude.web import session
from postlude.web.accounts.arrival import arrive, first_step_of, forget_first_step, signed_in
from postlude.web.accounts.form_token import Guarded, form_token, keep_form_cookie
from postlude.web.accounts.passkey_challenge import new_challenge
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import ACCOUNT, OPEN
from postlude.web.request_limits import TINY_FORM, takes
from postlude.web.session import Posted, peer_of
from postlude.web.trusted_header import named_by_proxy

router = APIRouter()
_STATUS: Final = {
    SignInOutcome.WRONG: HTTPStatus.FORBIDDEN,
    SignInOutcome.THROTTLED: HTTPStatus.TOO_MANY_REQUESTS,
    SignInOutcome.BUSY: HTTPStatus.SERVICE_UNAVAILABLE,
}


def _page(request: Request, deps: WebDeps, name: str, status: int = HTTPStatus.OK, **values: object) -> Response:
    token = form_token(request, deps)
    provider = deps.accounts.provider_name if deps.accounts.provider else ""
    keys = deps.accounts.passkeys
    passkey = keys.request(new_challenge(deps, token)) if keys.possible else ""
    shown = {"form_token": token, "provider": provider, "passkey_options": passkey, **values}
    page = pages_of(request).render(request, f"accounts/{name}.html", status=status, **shown)
    return keep_form_cookie(request, page, deps)


@router.get("/sign-in", dependencies=[OPEN, does("sign-in proxy", refusals=True)])
def how(request: Request, deps: Deps, *, changed: bool = False) -> Response:
    """Ask for address and password; who is named by a proxy of ours comes in. `changed`: a password was just set."""
    named = named_by_proxy(request, deps)
    if named:
        person = ProvenPerson("proxy", named, named, verified=True)
        return arrive(request, deps, deps.accounts.sign_on.user_of(person), "proxy")
    nothing_done()
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
    return arrive(request, deps, found.user, "password")


@router.get("/sign-in/code", dependencies=[OPEN])
def ask_code(request: Request, deps: Deps) -> Response:
    """Ask for the code of the second step."""
    if first_step_of(request, deps)[0] is None:
        return RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    return _page(request, deps, "code", problem="")


@router.post("/sign-in/code", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("sign-in code", refusals=True)])
def with_code(request: Request, deps: Deps, code: Annotated[str, Form()] = "") -> Response:
    """Complete signing in with a code or a recovery code."""
    user, how = first_step_of(request, deps)
    if user is None:
        return RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    acted_on(user.address)  # who it is shows only by the right code
    outcome = deps.accounts.sign_in.code(user, code, peer_of(request))
    if outcome is not SignInOutcome.DONE:
        return _page(request, deps, "code", _STATUS[outcome], problem=outcome.value)
    response = signed_in(request, deps, user, f"{how} and code")
    forget_first_step(response, deps)
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
    return arrive(request, deps, user, "link")


@router.post("/sign-out", dependencies=[ACCOUNT, does("sign-out")])
def sign_out(deps: Deps, viewer: Posted) -> Response:
    """End this session, here and on the server."""
    response = RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)
    session.clear_session(response, deps, viewer)
    return response


def _account_called(deps: WebDeps, address: str) -> str:
    """Whose account was tried. What is none may be anything: a password that was typed into the wrong field."""
    user = deps.store.accounts.user_by_address(address.strip())
    return user.address if user is not None else "an address without an account"
