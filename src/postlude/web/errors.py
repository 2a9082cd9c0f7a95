"""Errors are pages too: what happened, and what to do."""

import logging
from http import HTTPStatus
from typing import Final, NamedTuple

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse

from postlude.model.errors import InputError, NotFoundError, NotPermittedError, PostludeError, StorageError
from postlude.web.pages import pages_of
from postlude.web.request_limits import BodyTooLargeError
from postlude.web.session import ForgedFormError, NotSignedInError

_log: Final = logging.getLogger(__name__)


class _Page(NamedTuple):
    status: int
    title: str
    text: str


_NOT_FOUND: Final = _Page(404, "There is nothing here", "The URL is mistyped, or the page no longer exists.")
_FORGED: Final = _Page(
    403, "This form has expired", "Its token is missing or old. Go back, reload the page, and submit it again."
)
_BROKEN: Final = _Page(
    500, "Internal error", "Details are in the server's log. Tracking continues; try again in a moment."
)
_AWAY: Final = _Page(
    503,
    "The database cannot be reached",
    "Mail is still accepted and tracked; new events appear here as soon as the database is back.",
)

_ANOTHER_WAY: Final = "Go back and change your input."
_TOO_LARGE: Final = _Page(413, "The request is too large", "{}")
_PAGES: Final[tuple[tuple[type[Exception], _Page], ...]] = (
    (ForgedFormError, _FORGED),
    (NotFoundError, _NOT_FOUND),
    (StorageError, _AWAY),
    (NotPermittedError, _Page(403, "This is not permitted", "{}")),
    (InputError, _Page(400, "The input is not valid", "{}")),
    (RequestValidationError, _Page(400, "The input is not valid", "A field is missing or malformed.")),
    (PostludeError, _Page(502, "The other side did not answer", "{}")),
)


def install(app: FastAPI) -> None:
    """Answer every error of `app` with a page."""
    app.add_exception_handler(NotSignedInError, lambda request, _error: sign_in_first(request))
    for kind in (ForgedFormError, PostludeError, HTTPException, RequestValidationError, OSError, Exception):
        app.add_exception_handler(kind, error_page)


def sign_in_first(request: Request) -> Response:
    """The answer to who has no session."""
    if request.url.path == "/events":
        return Response("sign in first\n", status_code=HTTPStatus.UNAUTHORIZED, media_type="text/plain")
    return RedirectResponse("/sign-in", status_code=HTTPStatus.SEE_OTHER)


def error_page(request: Request, error: Exception) -> Response:
    """The error page: what happened and what to do."""
    page = _page_for(error)
    if page.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        _log.error("%s %s: %s", request.method, request.url.path, error, exc_info=error)
    return pages_of(request).render(
        request, "error.html", status=page.status, title=page.title, text=page.text, code=page.status
    )


def _page_for(error: Exception) -> _Page:
    if isinstance(error, BodyTooLargeError):
        return _TOO_LARGE._replace(text=error.detail)
    if isinstance(error, HTTPException):
        code = error.status_code
        return _NOT_FOUND if code == HTTPStatus.NOT_FOUND else _Page(code, HTTPStatus(code).phrase, _ANOTHER_WAY)
    for kind, page in _PAGES:
        if isinstance(error, kind):
            return page._replace(text=page.text.format(error))
    return _BROKEN
