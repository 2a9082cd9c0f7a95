"""How a connection to a mail server is protected."""

import ssl
from enum import StrEnum
from pathlib import Path
from typing import NamedTuple


class TlsPolicy(StrEnum):
    """TLS requirement for the next server."""

    STARTTLS = "starttls"  # must be offered, certificate verified
    IMPLICIT = "implicit"  # TLS from the first byte, certificate verified
    REQUIRED = "required"  # must be offered, certificate not verified: protects against passive eavesdropping
    OPPORTUNISTIC = "opportunistic"  # when offered, certificate not verified (RFC 7435)
    NONE = "none"


class Protection(NamedTuple):
    """A policy with its contexts, made once: loading the certificate authorities takes 20 ms."""

    first_byte: ssl.SSLContext | None = None
    upgrade: ssl.SSLContext | None = None
    required: bool = False


def protection(
    policy: TlsPolicy,
    context: ssl.SSLContext | None = None,
    authorities: Path | None = None,
    certificate: tuple[Path, Path] | None = None,
) -> Protection:
    """Read the files and create the contexts.

    `context` replaces the other two; `authorities` is a PEM file used instead of the system's; `certificate` is our own
    chain and key, shown to a server that asks.
    """
    if policy is TlsPolicy.NONE:
        return Protection()
    if context is None:
        context = ssl.create_default_context(cafile=authorities)
        if policy in {TlsPolicy.OPPORTUNISTIC, TlsPolicy.REQUIRED}:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        if certificate is not None:
            context.load_cert_chain(*certificate)
    if policy is TlsPolicy.IMPLICIT:
        return Protection(first_byte=context)
    return Protection(upgrade=context, required=policy is not TlsPolicy.OPPORTUNISTIC)
