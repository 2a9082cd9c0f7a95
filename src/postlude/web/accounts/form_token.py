"""Forms for who is not signed in: a token bound to a cookie, so that a page of another site cannot submit them."""

import secrets
from hashlib import blake2b
from hmac import compare_digest
from typing import Annotated, Final

from fastapi import Depends, Form, Request, Response

from postlude.web.deps import Deps, WebDeps
from postlude.web.session import ForgedFormError

_COOKIE: Final = "postlude-form"
_LONGEST: Final = 100


def form_token(request: Request, deps: WebDeps) -> str:
    """The token for the forms of a page; `keep_form_cookie` must see the page's answer."""
    value = request.cookies.get(_name(deps), "")
    if not 0 < len(value) <= _LONGEST:
        value = request.state.new_form_cookie = secrets.token_urlsafe(16)
    return _token(deps, value)


def keep_form_cookie(request: Request, response: Response, deps: WebDeps) -> Response:
    """`response`, with the cookie when this browser has none yet."""
    value = getattr(request.state, "new_form_cookie", "")
    if value:
        secure = deps.public_url.startswith("https:")
        response.set_cookie(_name(deps), value, path="/", secure=secure, httponly=True, samesite="lax")
    return response


def _guarded(request: Request, deps: Deps, csrf: Annotated[str, Form()] = "") -> None:
    value = request.cookies.get(_name(deps), "")
    if not value or not compare_digest(csrf.encode("utf-8", "replace"), _token(deps, value).encode()):
        raise ForgedFormError


Guarded = Depends(_guarded)
"""Of every POST that is not signed in: its form carried the token."""


def _name(deps: WebDeps) -> str:
    return f"__Host-{_COOKIE}" if deps.public_url.startswith("https:") else _COOKIE


def _token(deps: WebDeps, value: str) -> str:
    text = value.encode("utf-8", "replace")
    return blake2b(text, key=deps.secret[:64], digest_size=16, person=b"postlude-form").hexdigest()
