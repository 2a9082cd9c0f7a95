"""The server-rendered web app: Jinja2, htmx and small ES modules; no build step, nothing from other hosts."""

from postlude.web.app import create_app
from postlude.web.deps import Health, RelayInfo, WebDeps

__all__ = ["Health", "RelayInfo", "WebDeps", "create_app"]
