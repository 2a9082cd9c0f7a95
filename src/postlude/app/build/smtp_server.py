"""Common parts of both SMTP servers: name and certificates."""

import ssl
from pathlib import Path
from typing import TypedDict

from postlude.app.build.common import own_name
from postlude.config import Settings


class SmtpServerSettings(TypedDict):
    """The settings both servers share."""

    hostname: str
    max_message_bytes: int
    connections: int
    connections_per_address: int


def shared(settings: Settings) -> SmtpServerSettings:
    """Settings common to both servers."""
    return {
        "hostname": own_name(settings),
        "max_message_bytes": settings.max_message_bytes,
        "connections": settings.mail_connections,
        "connections_per_address": settings.mail_connections_per_address,
    }


def relay_tls(settings: Settings) -> ssl.SSLContext | None:
    """Mail clients have no certificate and log in; one that is shown must be good."""
    context = _with_certificate(settings.relay_tls_cert, settings.relay_tls_key)
    if context and settings.gateway_client_ca is not None:
        context.verify_mode = ssl.CERT_OPTIONAL
        context.load_verify_locations(settings.gateway_client_ca)
    return context


def inbound_tls(settings: Settings) -> ssl.SSLContext | None:
    """Asks no client for a certificate: servers of all the world come here."""
    if settings.inbound_tls_cert is None:
        return _with_certificate(settings.relay_tls_cert, settings.relay_tls_key)
    return _with_certificate(settings.inbound_tls_cert, settings.inbound_tls_key)


def _with_certificate(cert: Path | None, key: Path | None) -> ssl.SSLContext | None:
    if cert is None:
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(cert, key)
    return context
