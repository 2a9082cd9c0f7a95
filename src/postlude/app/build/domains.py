"""Sending domains, composed: their keys, the needed records, and the published ones."""

import socket
from collections.abc import Sequence
from typing import Final
from urllib.parse import urlsplit

from postlude.adapters.dkim_keys import DkimKeys
from postlude.adapters.dns import Dns
from postlude.config import SANDBOX_DOMAIN, Settings
from postlude.dkim import DkimKey
from postlude.kit.clock import Clock
from postlude.services.domains.dns_records import DnsRecord, PublishedKey, RecordCheck, Setup, check, records
from postlude.services.domains.sender_policy import public_host, server_host, spf_mechanism
from postlude.services.domains.signing_keys import missing_keys


class Domains:
    """All sending domains of one installation."""

    def __init__(self, settings: Settings, keys: DkimKeys, clock: Clock) -> None:
        self._settings: Final = settings
        self._keys: Final = keys
        self._clock: Final = clock
        self._dns: Final = Dns(settings.dns_server)

    def names(self) -> tuple[str, ...]:
        """Domains that have keys."""
        return self._keys.domains()

    def add(self, domain: str, algorithms: Sequence[str]) -> list[DkimKey]:
        """Make the keys that are not there yet; those that are stay, whoever made them. Returns all of them."""
        self._keys.accept(domain)
        for new in missing_keys(self._keys.keys(domain), algorithms, self._clock.now()):
            self._keys.add(domain, new.algorithm, new.selector)
        return self._keys.keys(domain)

    def remove(self, domain: str) -> None:
        """Delete the domain's keys; NotFoundError."""
        self._keys.remove(domain)

    def records(self, domain: str) -> list[DnsRecord]:
        """The DNS records needed for mail from this domain."""
        keys = [PublishedKey(key.selector, key.record()) for key in self._keys.keys(domain)]
        return records(domain, keys, self._setup())

    def check(self, domain: str) -> list[RecordCheck]:
        """The published records; takes seconds when DNS does not answer."""
        return check(self.records(domain), self._dns.lookup)

    def _setup(self) -> Setup:
        settings = self._settings
        return_domain = settings.return_domain if settings.return_domain != SANDBOX_DOMAIN else ""
        server = server_host(settings.server_name or socket.getfqdn())
        return Setup(
            tracking_host=public_host(urlsplit(settings.public_edge).hostname or ""),
            return_domain=return_domain,
            server=server,
            mechanism=spf_mechanism([each.host for each in settings.smtp_servers], server),
        )
