"""How the viewer signs in: password, second step, recovery codes; and the sessions that are open."""

from http import HTTPStatus
from typing import Annotated, Final

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.classify.agents import read_agent
from postlude.model.errors import InputError
from postlude.services.accounts.passwords import SHORTEST, PasswordsBusyError, set_password
from postlude.services.accounts.second_step import (
    begin_second_step,
    end_second_step,
    offer_second_step,
    renew_recovery_codes,
    secret_text,
    secret_url,
)
from postlude.services.accounts.sessions import end_session_called, end_sessions, list_sessions, session_id
from postlude.services.accounts.sign_in import SignInOutcome
from postlude.store.accounts.rows import WebSession
from postlude.web import session
from postlude.web.accounts.passkey_challenge import new_challenge
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, WebDeps
from postlude.web.pages import pages_of
from postlude.web.permissions import ACCOUNT
from postlude.web.session import Posted, SignedIn, Viewer, peer_of

router = APIRouter()
_BUSY: Final = "The server checks many passwords at the moment. Try again in a few seconds."
_REFUSED: Final = {
    SignInOutcome.WRONG: "Your current password is not the one you typed.",
    SignInOutcome.THROTTLED: "Too many wrong passwords were tried for your account. Try again in an hour.",
    SignInOutcome.BUSY: _BUSY,
}


def _page(
    request: Request, deps: WebDeps, viewer: Viewer, *, saved: str = "", recovery: tuple[str, ...] = ()
) -> Response:
    known = deps.store.accounts.credentials(viewer.user.id)
    offered = secret_text(known.totp_offered) if known.totp_offered and known.totp is None else ""
    return pages_of(request).render(
        request,
        "accounts/account.html",
        known=known,
        offered=offered,
        offered_url=secret_url(viewer.user, offered) if offered else "",
        recovery=recovery,
        sessions=list_sessions(deps.store, deps.clock, viewer.user),
        program=_program,
        session_id=session_id,
        passkeys=deps.store.accounts.list_passkeys(viewer.user.id),
        passkey_options=_passkey_options(deps, viewer),
        saved=saved,
        shortest=SHORTEST,
    )


def _passkey_options(deps: WebDeps, viewer: Viewer) -> str:
    """What a browser makes a passkey by; empty where browsers make none."""
    keys = deps.accounts.passkeys
    return keys.registration(viewer.user, new_challenge(deps, viewer.csrf)) if keys.possible else ""


def _program(one: WebSession) -> str:
    return read_agent(one.program).client or "a browser"


def confirm_password(request: Request, deps: WebDeps, viewer: Viewer, password: str) -> None:
    """InputError unless who holds the session knows the password too."""
    outcome = deps.accounts.sign_in.confirm(viewer.user, password, peer_of(request))
    if outcome is not SignInOutcome.DONE:
        raise InputError(_REFUSED[outcome])


@router.get("/account", dependencies=[ACCOUNT])
def account_page(request: Request, deps: Deps, viewer: SignedIn, saved: str = "") -> Response:
    """Show it."""
    return _page(request, deps, viewer, saved=saved)


@router.post("/account/password", dependencies=[ACCOUNT, does("account password")])
def change_password(
    request: Request,
    deps: Deps,
    viewer: Posted,
    current: Annotated[str, Form()] = "",
    password: Annotated[str, Form()] = "",
) -> Response:
    """Set another password; every other session ends."""
    confirm_password(request, deps, viewer, current)
    try:
        set_password(deps.store, deps.clock, viewer.user, password)
    except PasswordsBusyError:
        raise InputError(_BUSY) from None
    response = RedirectResponse("/account?saved=password", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(request, response, deps, viewer.user, "new password")
    return response


@router.post("/account/second-step/offer", dependencies=[ACCOUNT, does("account second-step-offer")])
def offer(request: Request, deps: Deps, viewer: Posted, current: Annotated[str, Form()] = "") -> Response:
    """Show a secret for an authenticator program."""
    confirm_password(request, deps, viewer, current)
    if deps.store.accounts.credentials(viewer.user.id).totp is not None:
        raise InputError("The second step is on already.")
    offer_second_step(deps.store, viewer.user)
    return RedirectResponse("/account#second-step", status_code=HTTPStatus.SEE_OTHER)


@router.post("/account/second-step/begin", dependencies=[ACCOUNT, does("account second-step")])
def begin(request: Request, deps: Deps, viewer: Posted, code: Annotated[str, Form()] = "") -> Response:
    """Ask for a code from now on, and show the recovery codes, this once."""
    return _page(
        request, deps, viewer, recovery=begin_second_step(deps.store, deps.clock, viewer.user, code), saved="step"
    )


@router.post("/account/second-step/end", dependencies=[ACCOUNT, does("user end-second-step")])
def end(request: Request, deps: Deps, viewer: Posted, current: Annotated[str, Form()] = "") -> Response:
    """Ask for no code any more."""
    confirm_password(request, deps, viewer, current)
    end_second_step(deps.store, viewer.user)
    return RedirectResponse("/account?saved=no-step#second-step", status_code=HTTPStatus.SEE_OTHER)


@router.post("/account/recovery-codes", dependencies=[ACCOUNT, does("account recovery-codes")])
def new_codes(request: Request, deps: Deps, viewer: Posted, current: Annotated[str, Form()] = "") -> Response:
    """Show new recovery codes, this once; the old ones end."""
    confirm_password(request, deps, viewer, current)
    return _page(request, deps, viewer, recovery=renew_recovery_codes(deps.store, viewer.user), saved="codes")


@router.post("/account/sessions/{wanted}/end", dependencies=[ACCOUNT, does("user end-session")])
def end_one(deps: Deps, viewer: Posted, wanted: str) -> Response:
    """End one session of the viewer's."""
    end_session_called(deps.store, deps.clock, viewer.user, wanted)
    return RedirectResponse("/account#sessions", status_code=HTTPStatus.SEE_OTHER)


@router.post("/account/sessions/end", dependencies=[ACCOUNT, does("user sign-out")])
def end_others(request: Request, deps: Deps, viewer: Posted) -> Response:
    """End every session of the viewer's but this one, which begins anew."""
    end_sessions(deps.store, deps.clock, viewer.user)
    response = RedirectResponse("/account#sessions", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(request, response, deps, viewer.user, "signed in before")
    return response
