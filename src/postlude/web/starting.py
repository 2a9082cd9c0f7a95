"""What the web app's address says while the app cannot open its stores: why, and that mail and links go on."""

from html import escape
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from postlude.web.deps import HealthOf
from postlude.web.headers import SecurityHeaders
from postlude.web.health import health_answer, near

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>Postlude is starting</title>
<h1>Postlude is starting</h1><p>{why}</p><p>Links, pixels and unsubscribing in mail that was sent go on, and mail that
is handed in is kept.</p></html>"""


def starting_app(health: HealthOf) -> SecurityHeaders:
    """Answers `/healthz` as the app does, and every other address with a page and 503."""

    def healthz(request: Request) -> JSONResponse:
        return health_answer(request, health())

    def page(request: Request) -> Response:
        why = " ".join(health().problems) if near(request) else "Its data is not open yet."
        headers = {"Retry-After": "5", "Cache-Control": "no-store"}
        return HTMLResponse(_PAGE.format(why=escape(why)), HTTPStatus.SERVICE_UNAVAILABLE, headers)

    everything = ["GET", "HEAD", "POST"]
    return SecurityHeaders(
        Starlette(routes=[Route("/healthz", healthz), Route("/{path:path}", page, methods=everything)])
    )
