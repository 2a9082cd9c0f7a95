"""The application: routes, the gate before them, and errors as problems."""

import logging
from typing import Any, Final

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp

from postlude.api import description, events, messages
from postlude.api.declared import SCHEME
from postlude.api.deps import ApiDeps
from postlude.api.gate import ApiGate
from postlude.api.problems import ApiProblemError, ProblemCode, problem_response
from postlude.model.errors import InputError, NotFoundError, PostludeError, QuotaError, StorageError
from postlude.services.messages.idempotent import ReusedNameError, UnderWayError

_PARTS: Final = (events, messages, description)
_KNOWN: Final[tuple[tuple[type[Exception], ProblemCode, int], ...]] = (
    (NotFoundError, ProblemCode.NOT_FOUND, 0),
    (QuotaError, ProblemCode.QUOTA_EXCEEDED, 60),
    (UnderWayError, ProblemCode.KEY_IN_USE, 1),
    (ReusedNameError, ProblemCode.KEY_REUSED, 0),
    (InputError, ProblemCode.MESSAGE_INVALID, 0),
    (StorageError, ProblemCode.UNAVAILABLE, 5),
    (OSError, ProblemCode.UNAVAILABLE, 5),
)

_log: Final = logging.getLogger(__name__)


def create_api(deps: ApiDeps) -> ASGIApp:
    """The ASGI application on `deps`. It opens and closes nothing."""
    app = FastAPI(title="Postlude", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    for part in _PARTS:
        app.include_router(part.router)
    for kind in (ApiProblemError, PostludeError, HTTPException, RequestValidationError, OSError, Exception):
        app.add_exception_handler(kind, _problem)
    app.state.description = _description(app)
    return ApiGate(app, deps, api_routes())


def api_routes() -> list[APIRoute]:
    """Every route of the API."""
    return [route for part in _PARTS for route in part.router.routes if isinstance(route, APIRoute)]


def _problem(request: Request, error: Exception) -> Response:
    deps: ApiDeps = request.app.state.deps
    request_id: str = request.scope["postlude.request_id"]
    return problem_response(_as_problem(error, request, request_id), deps.public_url, request_id)


def _as_problem(error: Exception, request: Request, request_id: str) -> ApiProblemError:
    if isinstance(error, ApiProblemError):
        return error
    if isinstance(error, RequestValidationError):
        return _invalid(error)
    for kind, code, wait in _KNOWN:
        if isinstance(error, kind):
            if code is ProblemCode.UNAVAILABLE:
                _log.error("%s %s (request %s): %s", request.method, request.url.path, request_id, error)
            return ApiProblemError(code, str(error), retry_after_s=wait)
    _log.error("%s %s (request %s)", request.method, request.url.path, request_id, exc_info=error)
    return ApiProblemError(ProblemCode.INTERNAL)


def _invalid(error: RequestValidationError) -> ApiProblemError:
    first = error.errors()[0]
    place, *path = first["loc"]
    name = str(path[0]) if path else str(place)
    if place == "path":
        return ApiProblemError(ProblemCode.NOT_FOUND, f"{name}: {first['msg']}")
    unknown = first["type"] == "extra_forbidden"
    code = ProblemCode.PARAMETER_UNKNOWN if unknown else ProblemCode.PARAMETER_INVALID
    return ApiProblemError(code, f"{name}: {first['msg']}", field=name)


def _description(app: FastAPI) -> dict[str, Any]:
    made = get_openapi(
        title="Postlude",
        version="1",
        openapi_version="3.1.0",
        summary="What became of the mail you sent.",
        routes=app.routes,
    )
    parts = made.setdefault("components", {})
    parts["securitySchemes"] = {SCHEME: {"type": "http", "scheme": "bearer"}}
    return made
