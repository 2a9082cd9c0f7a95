"""The SMTP submission server that mail clients use as their outgoing server."""

from postlude.relay.config import Gateway, RelayConfig
from postlude.relay.run import run_relay

__all__ = ["Gateway", "RelayConfig", "run_relay"]
