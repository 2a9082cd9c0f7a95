"""Rendering: one Jinja2 environment with the few helpers templates need."""

from typing import Any, Final

from fastapi import Request, Response
from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

from postlude import __version__
from postlude.kit.clock import to_iso
from postlude.kit.ids import id_text
from postlude.model.address import shown
from postlude.model.errors import PostludeError
from postlude.model.role import Permission, permitted
from postlude.services.health import CheckResult, Health
from postlude.web import labels
from postlude.web.deps import WebDeps
from postlude.web.times import ago, full_time, rough_duration, zone_time

_UNKNOWN: Final = Health(
    checks=(CheckResult("health", "problem", "The state of the server cannot be read at the moment."),)
)


class TemplatePages:
    """Renders templates of this package for one app."""

    def __init__(self, deps: WebDeps) -> None:
        self._deps = deps
        self._templates = Environment(
            loader=PackageLoader("postlude.web"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {
            "id": id_text,
            "iso": to_iso,
            "full_time": full_time,
            "zone_time": zone_time,
            "duration": rough_duration,
            "ago": lambda at: ago(at, deps.clock.now()),
            "reason": labels.rule_words,
            "verdict": labels.verdict_words,
            "kind": labels.kind_words,
            "event_kind": labels.event_words,
            "skipped": labels.skip_words,
            "lost": labels.lost_words,
            "plural": labels.plural,
            "shown": shown,
            "number": "{:,}".format,
        }
        self._templates.globals |= {
            "version": __version__,
            "sandbox": deps.outbox is not None,
            "contacts": deps.contacts is not None,
            "relay": deps.relay,
        }

    def render(self, request: Request, name: str, *, status: int = 200, **values: object) -> Response:
        """One page as an answer."""
        viewer = getattr(request.state, "viewer", None)
        shared: dict[str, Any] = {
            "viewer": viewer,
            "writes": viewer is not None and permitted(viewer.user.role, Permission.WRITE),
            "manages": viewer is not None and permitted(viewer.user.role, Permission.MANAGE),
            "path": request.url.path,
            "here": request.url.path + (f"?{request.url.query}" if request.url.query else ""),
            "health": self._health(viewer),
            "unmatched": self._unmatched(viewer),
        }
        text = self._templates.get_template(name).render(shared | values)
        return HTMLResponse(text, status)

    def _health(self, viewer: object) -> Health | None:
        """The status line; it must not turn an error page into another error."""
        if viewer is None:
            return None
        try:
            return self._deps.health()
        except Exception:  # noqa: BLE001 - the status line reports any problem of the server
            return _UNKNOWN

    def _unmatched(self, viewer: object) -> int:
        """Number of entries in the review queue; never raises, as the status line."""
        try:
            return self._deps.store.feedback.count_unmatched() if viewer is not None else 0
        except PostludeError:
            return 0


def pages_of(request: Request) -> TemplatePages:
    """The renderer of the app that got `request`."""
    pages: TemplatePages = request.app.state.pages
    return pages
