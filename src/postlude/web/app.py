"""The application: routes, static files, headers and error pages put together."""

from pathlib import Path
from typing import Final

from fastapi import APIRouter, FastAPI
from starlette.routing import BaseRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from postlude.web import errors, health
from postlude.web.accounts import (
    account,
    audit_pages,
    passkeys,
    people,
    preferences,
    set_password,
    sign_in,
    single_sign_on,
)
from postlude.web.audit_trail import AuditTrail
from postlude.web.campaigns import actions, click_maps, comparison_pages, draft_pages, recipients, report_files
from postlude.web.contacts import engagement as engagement_pages
from postlude.web.contacts import imports, lists, suppressions
from postlude.web.contacts import pages as contact_pages
from postlude.web.deps import WebDeps
from postlude.web.domains import pages as domain_pages
from postlude.web.feedback import review_queue
from postlude.web.headers import SecurityHeaders
from postlude.web.messages import compose, live_events, message_page, sent_list
from postlude.web.pages import TemplatePages
from postlude.web.report_cache import ReportCache
from postlude.web.reports import exports, insight, schedules
from postlude.web.request_limits import RefusalPages, RequestLimits
from postlude.web.sandbox import mailbox
from postlude.web.segments import pages as segment_pages

_STATIC: Final = Path(__file__).parent / "static"


_PARTS: Final = (
    sent_list,
    message_page,
    compose,
    report_files,
    comparison_pages,  # its paths are below those of campaigns
    draft_pages,
    actions,
    recipients,
    click_maps,
    exports,
    schedules,
    insight,
    preferences,
    domain_pages,
    live_events,
    review_queue,
    passkeys,
    single_sign_on,  # its paths are below those of signing in by a link
    sign_in,
    set_password,
    account,
    people,
    audit_pages,
    health,
)
_OF_CONTACTS: Final = (imports, contact_pages, engagement_pages, lists, suppressions, segment_pages)
"""The import's paths are below those of contacts."""


def create_app(deps: WebDeps) -> ASGIApp:
    """The ASGI application on `deps`. It opens and closes nothing."""
    # Without `redirect_slashes`: a redirect to the same path without its slash would name whatever host was asked for.
    app = FastAPI(title="Postlude", docs_url=None, redoc_url=None, openapi_url=None, redirect_slashes=False)
    app.state.deps = deps
    app.state.pages = TemplatePages(deps)
    app.state.progress, app.state.report_cache = {}, ReportCache()
    # As they are: `include_router` would build each anew for this app, which costs 0.04 s of processor (measured).
    app.router.routes.extend(routes_of(deps))
    app.mount("/static", StaticFiles(directory=_STATIC), name="static")
    errors.install(app)
    # Outermost: the handler of unexpected errors wraps the application's own middleware.
    answers = RefusalPages(errors.sign_in_first, errors.error_page)
    limited = RequestLimits(app, deps, routes_of(deps), answers)
    return SecurityHeaders(AuditTrail(limited, deps, routes_of(deps)))


def routes_of(deps: WebDeps) -> list[BaseRoute]:
    """Every route of the application on `deps`, but static files."""
    return [route for router in _routers(deps) for route in router.routes]


def _routers(deps: WebDeps) -> list[APIRouter]:
    parts = [*_PARTS, *(_OF_CONTACTS if deps.contacts is not None else ())]
    if deps.outbox is not None:
        parts.append(mailbox)
    return [part.router for part in parts]
