"""What the inbound door is told."""

from dataclasses import dataclass
from typing import Protocol

from postlude.adapters.smtp_server.session import DoorConfig


@dataclass(frozen=True, kw_only=True)
class InboundConfig(DoorConfig):
    """The inbound door's settings; see DoorConfig."""

    door: str = "smtp"
    """Name of this door in observations."""


class RecipientAllowed(Protocol):
    """Decides which recipients the inbound server takes."""

    def __call__(self, address: str, /) -> bool:
        """True for an address with a genuine tag, and for every address in the sandbox."""
        ...
