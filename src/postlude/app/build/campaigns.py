"""Services for campaign commands, whether or not the app runs."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass

from postlude.app.build.common import Parts, build_parts
from postlude.app.build.sending import build_contents, build_transport
from postlude.config import Settings
from postlude.services.campaigns.content import Contents
from postlude.store import Store, open_store


@dataclass(frozen=True)
class CampaignServices:
    """Store and content of campaigns."""

    parts: Parts
    store: Store
    contents: Contents

    def has_key(self, domain: str) -> bool:
        """Whether mail from a domain gets a DKIM signature; SettingError when its keys are lost."""
        return self.parts.dkim.signer(domain) is not None

    def forecast(self, copies: int) -> str:
        """Forecast for this many copies under the servers' limits; empty without limits."""
        settings = self.parts.settings
        if settings.sandbox:
            return ""
        return build_transport(settings, self.parts.clock, self.store.sending).forecast(copies).text


@contextmanager
def campaign_services(settings: Settings) -> Iterator[CampaignServices]:
    """Open the stores, beside other processes that have them open."""
    parts = build_parts(settings)
    with closing(open_store(settings.database, parts.folder.forgotten_key)) as store:
        yield CampaignServices(parts, store, build_contents(parts, store))
