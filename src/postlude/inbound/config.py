"""What the inbound door is told."""

from collections.abc import Callable
from dataclasses import dataclass

from postlude.adapters.smtp_server.session import DoorConfig


@dataclass(frozen=True, kw_only=True)
class InboundConfig(DoorConfig):
    """The inbound door's settings; see DoorConfig."""

    door: str = "smtp"
    """Name of this door in observations."""


Allowed = Callable[[str], bool]
"""Addresses taken without a tag, e.g. those of the senders in the sandbox."""
