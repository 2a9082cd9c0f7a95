"""Passkeys: made and removed on the account page, used on the sign-in page."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from starlette.responses import RedirectResponse

from postlude.services.accounts.passkeys import remove_passkey
from postlude.web.accounts.account import confirm_password
from postlude.web.accounts.arrival import signed_in
from postlude.web.accounts.form_token import Guarded
from postlude.web.accounts.passkey_challenge import answered_challenge
from postlude.web.audit_trail import does
from postlude.web.deps import Deps
from postlude.web.permissions import ACCOUNT, OPEN
from postlude.web.request_limits import TINY_FORM, takes
from postlude.web.session import Posted

router = APIRouter()


@router.post("/sign-in/passkey", dependencies=[OPEN, Guarded, takes(TINY_FORM), does("sign-in passkey", refusals=True)])
def with_passkey(
    request: Request, deps: Deps, credential: Annotated[str, Form()] = "", csrf: Annotated[str, Form()] = ""
) -> Response:
    """Sign in: both steps at once, since the device has asked who it is."""
    user = deps.accounts.passkeys.user_of(credential, answered_challenge(deps, credential, csrf))
    return signed_in(request, deps, user, "passkey")


@router.post("/account/passkeys", dependencies=[ACCOUNT, does("account passkey", "label")])
def add_one(  # noqa: PLR0917 - one parameter a field
    request: Request,
    deps: Deps,
    viewer: Posted,
    credential: Annotated[str, Form()] = "",
    label: Annotated[str, Form()] = "",
    current: Annotated[str, Form()] = "",
) -> Response:
    """Take over a passkey that the browser has made."""
    confirm_password(request, deps, viewer, current)
    challenge = answered_challenge(deps, credential, viewer.csrf)
    deps.accounts.passkeys.register(viewer.user, credential, challenge, label)
    return RedirectResponse("/account?saved=passkey#passkeys", status_code=HTTPStatus.SEE_OTHER)


@router.post("/account/passkeys/{passkey}/remove", dependencies=[ACCOUNT, does("account passkey-remove")])
def remove_one(deps: Deps, viewer: Posted, passkey: str) -> Response:
    """Forget one."""
    remove_passkey(deps.store, viewer.user, passkey)
    return RedirectResponse("/account#passkeys", status_code=HTTPStatus.SEE_OTHER)
