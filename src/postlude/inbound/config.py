"""Configuration of the inbound server."""

from dataclasses import dataclass
from typing import Protocol

from postlude.adapters.smtp_server.session import SmtpServerConfig


@dataclass(frozen=True, kw_only=True)
class InboundConfig(SmtpServerConfig):
    """The inbound server's settings; see SmtpServerConfig."""

    channel: str = "smtp"
    """Name of this channel in observations."""


class RecipientAllowed(Protocol):
    """Decides which recipients the inbound server takes."""

    def __call__(self, address: str, /) -> bool:
        """True for an address with a genuine tag, and for every address in the sandbox."""
        ...
