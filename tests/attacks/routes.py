"""The addresses of the web app, from the routes themselves: a new one is attacked without a line here."""

from typing import NamedTuple

from fastapi.routing import APIRoute

from postlude.web import app as web_app


class Route(NamedTuple):
    """One address and what it takes."""

    method: str
    path: str
    """With `{names}`."""
    query: tuple[str, ...]
    """Names of its query parameters."""


def routes() -> list[Route]:
    """Every route of every page, also of those that this instance has not."""
    parts = [value for value in vars(web_app).values() if hasattr(value, "router")]
    found = [route for part in parts for route in part.router.routes if isinstance(route, APIRoute)]
    return sorted(
        Route(method, route.path, tuple(field.name for field in route.dependant.query_params))
        for route in found
        for method in route.methods or ()
    )


def paths_of(method: str) -> list[str]:
    """The paths that take this method."""
    return [route.path for route in routes() if route.method == method]


def filled(path: str, value: str = "0" * 15 + "1") -> str:
    """The path with this value for every name; files as CSV."""
    parts = path.replace("{form}", "csv").split("/")
    return "/".join(value if part.startswith("{") else part for part in parts)
