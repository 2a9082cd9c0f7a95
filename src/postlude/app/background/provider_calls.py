"""Keys and certificates for providers' calls, and the thread that fetches what they wait for."""

import asyncio
import threading
from collections.abc import Mapping

from postlude.adapters.certificates import CertificateFolder
from postlude.adapters.http_get import https_get
from postlude.app.background.imap import STOP_WITHIN_S
from postlude.app.build.common import Parts
from postlude.config import Settings
from postlude.feedback.providers import PROVIDERS
from postlude.journal import JournalWriter
from postlude.services.feedback.pending_calls import WaitingCalls
from postlude.store import Store
from postlude.tokens import hook_url


def provider_keys(settings: Settings) -> dict[str, str]:
    """The secrets by provider; none of those whose certificates are fetched."""
    return {name: settings.provider_keys.get(name, "") for name, provider in PROVIDERS.items() if provider.setting}


def hook_addresses(parts: Parts) -> Mapping[str, str]:
    """The webhook URLs of the providers."""
    edge = parts.settings.public_edge
    return {name: hook_url(parts.codec, edge, parts.prefixes, name) for name in sorted(PROVIDERS)}


def certificates(parts: Parts) -> CertificateFolder:
    """Fetched certificates, in the data folder."""
    return CertificateFolder(parts.folder.root / "sns")


class Calls:
    """An async context: inside it what providers' calls wait for is fetched."""

    def __init__(self, parts: Parts, store: Store, journal: JournalWriter) -> None:
        self.work = WaitingCalls(
            store, certificates(parts), provider_keys(parts.settings), https_get, journal.append_blocking
        )
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self.work.run, args=(self._stop,), name="waiting calls", daemon=True)

    async def __aenter__(self) -> None:
        """Start."""
        self._thread.start()

    async def __aexit__(self, *_exception: object) -> None:
        """Stop after the current call; a silent server is not waited for: its call is processed next time."""
        self._stop.set()
        await asyncio.to_thread(self._thread.join, STOP_WITHIN_S)
