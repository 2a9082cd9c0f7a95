"""Signing in at a provider of single sign-on: there, and back."""

from hmac import compare_digest
from http import HTTPStatus
from typing import Final

from fastapi import APIRouter, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import RedirectResponse

from postlude.model.errors import NotFoundError, NotPermittedError
from postlude.model.proven_person import SignInRequest
from postlude.web.accounts.arrival import arrive, is_secure
from postlude.web.audit_trail import does
from postlude.web.deps import Deps, SignInProvider, WebDeps
from postlude.web.permissions import OPEN

router = APIRouter()
_COOKIE: Final = "postlude-oidc"
_SECONDS: Final = 600
_LONGEST: Final = 4096


@router.get("/sign-in/oidc", dependencies=[OPEN])
def go(deps: Deps) -> Response:
    """To the provider; what comes back has to fit what this browser keeps."""
    begun = _provider(deps).begin()
    response = RedirectResponse(begun.url, status_code=HTTPStatus.SEE_OTHER)
    value = _serializer(deps).dumps([begun.state, begun.nonce, begun.verifier])
    # Lax: the way back begins on the provider's site.
    response.set_cookie(
        _name(deps), value, max_age=_SECONDS, path="/", secure=is_secure(deps), httponly=True, samesite="lax"
    )
    return response


@router.get("/sign-in/oidc/callback", dependencies=[OPEN, does("sign-in oidc", refusals=True)])
def come_back(request: Request, deps: Deps, code: str = "", state: str = "", iss: str = "") -> Response:
    """The provider's answer."""
    begun = _begun(request, deps)
    if begun is None or not compare_digest(state.encode("utf-8", "replace"), begun.state.encode()):
        raise NotPermittedError("This sign-in was not begun in this browser, or too long ago. Begin again.")
    if not code or len(code) > _LONGEST:
        raise NotPermittedError("The provider refused the sign-in, or you did. Begin again.")
    person = _provider(deps).finish(code, iss, begun)
    response = arrive(request, deps, deps.accounts.sign_on.user_of(person), "single sign-on")
    response.delete_cookie(_name(deps), path="/", secure=is_secure(deps), httponly=True)
    return response


def _provider(deps: WebDeps) -> SignInProvider:
    if deps.accounts.provider is None:
        raise NotFoundError("no provider of single sign-on is set")
    return deps.accounts.provider


def _begun(request: Request, deps: WebDeps) -> SignInRequest | None:
    try:
        state, nonce, verifier = _serializer(deps).loads(request.cookies.get(_name(deps), ""), max_age=_SECONDS)
    except (BadSignature, ValueError, TypeError):
        return None
    return SignInRequest("", str(state), str(nonce), str(verifier))


def _serializer(deps: WebDeps) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(deps.secret, salt="postlude.oidc.1")


def _name(deps: WebDeps) -> str:
    return f"__Host-{_COOKIE}" if is_secure(deps) else _COOKIE
