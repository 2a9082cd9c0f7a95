"""The server for bounces, complaints and replies: SMTP and LMTP."""

from postlude.inbound.config import InboundConfig
from postlude.inbound.run import run_inbound

__all__ = ["InboundConfig", "run_inbound"]
