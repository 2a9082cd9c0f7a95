"""What a route declares beside its path: the scope it asks for, and the size of body it takes."""

from typing import Any, Final, NamedTuple

from fastapi.routing import APIRoute
from starlette.routing import BaseRoute

from postlude.model.api_scope import ApiScope

API_PREFIX: Final = "/v1"
"""Below which every path of the API lies."""
SCHEME: Final = "api_key"
MESSAGE_BODY: Final = 36 << 20
"""Bytes of a body with a mail of 25 MB, in Base64."""
_SIZE: Final = "x-max-bytes"


class UndeclaredOperationError(Exception):
    """A route of the API does not say what it asks for. Give it `openapi_extra=asks(...)`."""


class Declared(NamedTuple):
    """Limits of one route."""

    scope: ApiScope | None
    """None: it is open to all."""
    most: int
    """Bytes of a body."""


def asks(scope: ApiScope | None, most: int = 0, **more: Any) -> dict[str, Any]:  # noqa: ANN401 - parts of OpenAPI
    """`openapi_extra` of a route; what is enforced is what the description says."""
    return {"security": [{SCHEME: [scope.value]}] if scope else [], _SIZE: most, **more}


def declared(route: BaseRoute) -> Declared:
    """What a route declares; UndeclaredOperationError."""
    extra = route.openapi_extra if isinstance(route, APIRoute) else None
    if extra is None or _SIZE not in extra:
        raise UndeclaredOperationError(getattr(route, "path", str(route)))
    scopes = [scope for each in extra["security"] for scope in each[SCHEME]]
    return Declared(ApiScope(scopes[0]) if scopes else None, extra[_SIZE])
