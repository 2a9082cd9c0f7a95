"""The server-rendered web app: Jinja2, htmx and small ES modules; no build step, nothing from other hosts."""

from postlude.web.app import create_app
from postlude.web.deps import AccountParts, CampaignTools, ContactParts, RelayInfo, WebDeps

__all__ = ["AccountParts", "CampaignTools", "ContactParts", "RelayInfo", "WebDeps", "create_app"]
