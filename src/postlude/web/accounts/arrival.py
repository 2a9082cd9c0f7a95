"""From the first step that was right to a session: at once, or by the second step."""

from http import HTTPStatus
from typing import Final

from fastapi import Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.responses import RedirectResponse

from postlude.model.errors import NotFoundError
from postlude.services.accounts.audit import acted_by, acted_on
from postlude.store.accounts.rows import User
from postlude.web import session
from postlude.web.deps import WebDeps

STEP_SECONDS: Final = 300
_COOKIE: Final = "postlude-step"


def arrive(request: Request, deps: WebDeps, user: User, how: str) -> Response:
    """Sign in who has proven to be `user`, or ask for the code first where the account has a second step.

    `how` is shown in the list of sessions. Always to the first page: where to go is never taken from the request.
    """
    if deps.store.accounts.credentials(user.id).totp is None:
        return signed_in(request, deps, user, how)
    acted_by(user.address)
    acted_on("a code is asked for")
    response = RedirectResponse("/sign-in/code", status_code=HTTPStatus.SEE_OTHER)
    # Remembered in this browser alone: whose first step was right, and which it was.
    value = _serializer(deps).dumps([user.id, deps.store.accounts.credentials(user.id).password_at, how])
    secure = is_secure(deps)
    response.set_cookie(
        _name(deps), value, max_age=STEP_SECONDS, path="/", secure=secure, httponly=True, samesite="strict"
    )
    return response


def signed_in(request: Request, deps: WebDeps, user: User, how: str) -> Response:
    """A session for who has taken every step."""
    response = RedirectResponse("/", status_code=HTTPStatus.SEE_OTHER)
    session.set_session(request, response, deps, user, how)
    return response


def first_step_of(request: Request, deps: WebDeps) -> tuple[User | None, str]:
    """Whose first step was right, and how; None when the password was changed since, or it was too long ago."""
    value = request.cookies.get(_name(deps), "")
    try:
        user_id, password_at, how = _serializer(deps).loads(value, max_age=STEP_SECONDS)
        user = deps.store.accounts.user(int(user_id))
    except (BadSignature, NotFoundError, ValueError, TypeError):
        return None, ""
    known = deps.store.accounts.credentials(user.id)
    right = user.disabled_at is None and known.password_at == password_at
    return (user, str(how)) if right else (None, "")


def forget_first_step(response: Response, deps: WebDeps) -> None:
    """The second step is done."""
    response.delete_cookie(_name(deps), path="/", secure=is_secure(deps), httponly=True)


def is_secure(deps: WebDeps) -> bool:
    """Whether browsers reach us by https."""
    return deps.public_url.startswith("https:")


def _serializer(deps: WebDeps) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(deps.secret, salt="postlude.second-step.2")


def _name(deps: WebDeps) -> str:
    return f"__Host-{_COOKIE}" if is_secure(deps) else _COOKIE
