"""Providers' calls that wait for a certificate, a confirmed subscription or a key.

The digest never fetches: a server that does not answer must not hold up everything else. Waiting calls are in the
state; this module fetches what they need and journals the call again, unchanged.
"""

import logging
import threading
from collections.abc import Mapping
from typing import Final, Protocol

from postlude.feedback.providers import PROVIDERS
from postlude.kit.loop import ThreadLoop
from postlude.model.errors import InUseError, StorageError, TransportError
from postlude.model.observation import Webhook, decode_observation
from postlude.services.digest.provider_calls import CONFIRM, confirm_url_of
from postlude.store import QuarantinedRecord, Store

LOOK_S: Final = 20.0

_log = logging.getLogger(__name__)


class Fetch(Protocol):
    """Fetches an https address."""

    def __call__(self, url: str, /) -> bytes:
        """The body; TransportError."""
        ...


class Rejournal(Protocol):
    """Journals a record once more."""

    def __call__(self, record: bytes, /) -> object:
        """Return when it is durable; StorageError."""
        ...


class Certificates(Protocol):
    """Cache of fetched certificates, by URL."""

    def get(self, url: str) -> str | None: ...  # noqa: D102 - None: never fetched
    def put(self, url: str, pem: bytes) -> None: ...  # noqa: D102 - StorageError


class WaitingCalls:
    """Owned by one thread of the app process. `again` journals a record durably; StorageError."""

    def __init__(
        self,
        store: Store,
        certificates: Certificates,
        keys: Mapping[str, str],
        get: Fetch,
        again: Rejournal,
    ) -> None:
        self._store = store
        self._certificates = certificates
        self._keys = keys
        self._get = get
        self._again = again
        self._waiting = ""
        self._loop: Final = ThreadLoop(
            "waiting calls", self._round, expected=(StorageError, InUseError), problem="providers' calls wait"
        )

    @property
    def problem(self) -> str:
        """Why something still waits, for the health strip; empty when nothing does."""
        return self._loop.problem or self._waiting

    def run(self, stop: threading.Event) -> None:
        """Look every few seconds until `stop`."""
        self._loop.run(stop)

    def _round(self) -> float:
        self.look()
        return LOOK_S

    def look(self) -> int:
        """Do what can be done for each; how many no longer wait."""
        done, problem = 0, ""
        for one in self._store.feedback.waiting():
            try:
                finished = self._try(one)
            except TransportError as error:
                problem = f"a provider's call waits: {error}"
                continue
            if finished:
                self._store.feedback.forget_quarantined(one)
                done += 1
        self._waiting = problem
        return done

    def _try(self, one: QuarantinedRecord) -> bool:
        webhook = decode_observation(one.data)
        if not isinstance(webhook, Webhook):
            return True
        if one.reason == CONFIRM:
            self._get(confirm_url_of(webhook))
            _log.info("the subscription of %s is confirmed", webhook.provider)
            return True
        provider = PROVIDERS.get(webhook.provider)
        if provider and provider.certificate_url:
            url = provider.certificate_url(webhook.body)
            if self._certificates.get(url) is None:
                self._certificates.put(url, self._get(url))
        elif provider and not self._keys.get(webhook.provider):
            return False
        self._again(one.data)
        return True
