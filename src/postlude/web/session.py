"""Web sessions: a signed cookie, and a CSRF token bound to it."""

import secrets
from hashlib import blake2b
from hmac import compare_digest
from typing import Annotated, Final, NamedTuple

from fastapi import Depends, Form, Request, Response
from itsdangerous import BadSignature, URLSafeTimedSerializer
from starlette.datastructures import FormData

from postlude.kit.clock import MICROS_PER_SECOND
from postlude.model.errors import NotFoundError
from postlude.services.accounts.audit import acted_by
from postlude.services.accounts.sessions import LONGEST_SECONDS, SessionUse, end_session, see_session, session_user
from postlude.store.accounts.rows import User
from postlude.web.deps import Deps, WebDeps
from postlude.web.trusted_header import named_by_proxy

MAX_AGE_SECONDS: Final = LONGEST_SECONDS
_MOST_FIELDS: Final = 2000
_LARGE_FIELD: Final = 16 << 20  # bytes as they are sent; a campaign of 900 kB is 3 MB when all of it is escaped
_SALT: Final = "postlude.session.1"


class NotSignedInError(Exception):
    """No user is signed in. The endpoint answers with the sign-in page."""


class ForgedFormError(Exception):
    """A form came without its token. Load the page again and repeat what you did."""


class Viewer(NamedTuple):
    """The user signed in in this browser."""

    user: User
    csrf: str
    """Goes into every form of ours; a page of another site cannot read it."""
    session: str = ""
    """Id of the session."""


def cookie_name(deps: WebDeps) -> str:
    """`__Host-` binds the cookie to this very host; browsers allow it over https only."""
    return "__Host-postlude" if deps.public_url.startswith("https:") else "postlude"


def set_session(request: Request, response: Response, deps: WebDeps, user: User, how: str) -> None:
    """Sign `user` in, in a new session; one that this browser has ends. `how` is shown in the list of sessions.

    SameSite=Lax: a link in a chat still finds the session, a foreign form's POST does not.
    """
    acted_by(user.address)
    before = viewer_of(request, deps)
    if before is not None:
        end_session(deps.store, deps.clock, before.session)
    nonce, began = secrets.token_urlsafe(16), deps.clock.now()
    value = _serializer(deps).dumps([user.id, nonce, began])
    see_session(deps.store, deps.clock, user, nonce, began, _use(request, how))
    response.set_cookie(
        cookie_name(deps),
        value,
        max_age=MAX_AGE_SECONDS,
        path="/",
        secure=deps.public_url.startswith("https:"),
        httponly=True,
        samesite="lax",
    )


def clear_session(response: Response, deps: WebDeps, viewer: Viewer) -> None:
    """Sign out: the session ends on the server, so its cookie is worthless."""
    end_session(deps.store, deps.clock, viewer.session)
    response.delete_cookie(cookie_name(deps), path="/", secure=deps.public_url.startswith("https:"), httponly=True)


def viewer_of(request: Request, deps: WebDeps) -> Viewer | None:
    """The signed-in viewer, None without a valid session."""
    value = request.cookies.get(cookie_name(deps), "")
    try:
        (user_id, nonce, *exact), at = _serializer(deps).loads(value, max_age=MAX_AGE_SECONDS, return_timestamp=True)
        began = int(exact[0]) if exact else int(at.timestamp()) * MICROS_PER_SECOND  # older ones have whole seconds
        user = session_user(deps.store, int(user_id), str(nonce), began)
    except (BadSignature, NotFoundError, ValueError, TypeError):
        return None
    if user is None or named_by_proxy(request, deps) not in {"", user.address}:
        return None  # a proxy's word is newer than the cookie
    see_session(deps.store, deps.clock, user, str(nonce), began, _use(request))
    return Viewer(user, _csrf(deps, str(nonce)), str(nonce))


def peer_of(request: Request) -> str:
    """The address a request came from; a proxy on this machine names it."""
    return request.client.host if request.client else ""


def _use(request: Request, how: str = "") -> SessionUse:
    return SessionUse(peer_of(request), request.headers.get("user-agent", ""), how)


def _serializer(deps: WebDeps) -> URLSafeTimedSerializer:
    keys = [key for key in (deps.earlier_secret, deps.secret) if key]  # the last one signs
    return URLSafeTimedSerializer(keys, salt=_SALT)


def _csrf(deps: WebDeps, nonce: str) -> str:
    return blake2b(nonce.encode(), key=deps.secret[:64], digest_size=16, person=b"postlude-csrf").hexdigest()


def needs_session(request: Request, deps: Deps) -> Viewer:
    """Dependency of every route for users: `request_limits` finds it, and refuses bodies without a session."""
    viewer = viewer_of(request, deps)
    if viewer is None:
        raise NotSignedInError
    request.state.viewer = viewer
    return viewer


SignedIn = Annotated[Viewer, Depends(needs_session)]


def _posted(viewer: SignedIn, csrf: Annotated[str, Form()] = "") -> Viewer:
    if not compare_digest(csrf.encode(), viewer.csrf.encode()):
        raise ForgedFormError
    return viewer


Posted = Annotated[Viewer, Depends(_posted)]
"""The viewer of a POST whose form carried the token."""


class LargeForm(NamedTuple):
    """A form whose fields may be large, with the viewer who sent it."""

    viewer: Viewer
    data: FormData


async def _posted_large(request: Request, viewer: SignedIn) -> LargeForm:
    data = await request.form(max_fields=_MOST_FIELDS, max_part_size=_LARGE_FIELD)
    csrf = data.get("csrf", "")
    if not isinstance(csrf, str) or not compare_digest(csrf.encode(), viewer.csrf.encode()):
        raise ForgedFormError
    return LargeForm(viewer, data)


PostedLarge = Annotated[LargeForm, Depends(_posted_large)]
"""As `Posted`, for a page with a whole campaign."""
