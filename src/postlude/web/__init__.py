"""The server-rendered web app: Jinja2, htmx and small ES modules; no build step, nothing from other hosts."""

from postlude.web.app import create_app
from postlude.web.deps import CampaignTools, ContactParts, RelayInfo, WebDeps

__all__ = ["CampaignTools", "ContactParts", "RelayInfo", "WebDeps", "create_app"]
