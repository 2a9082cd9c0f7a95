"""The inbound server's process part."""

import asyncio
import socket

from postlude.adapters.smtp_server.policy import SmtpPolicy
from postlude.adapters.smtp_server.serve import serve
from postlude.adapters.smtp_server.session import SmtpServerSession
from postlude.inbound.allowance import Allowance
from postlude.inbound.config import InboundConfig, RecipientAllowed
from postlude.inbound.policy import InboundPolicy
from postlude.journal import Spool
from postlude.kit.clock import Clock
from postlude.services.ports import Append
from postlude.tokens import TokenCodec


def no_recipient(address: str) -> bool:
    """Without a tag no address is taken."""
    del address
    return False


async def run_inbound(
    config: InboundConfig,
    sock: socket.socket,
    *,
    codec: TokenCodec,
    append: Append,
    spool: Spool,
    clock: Clock,
    stop: asyncio.Event,
    allowed: RecipientAllowed = no_recipient,
) -> None:
    """Take mail that comes back on a listening socket until `stop`; 250 means spool and journal are durable."""
    allowance = Allowance(clock)

    def policy(session: SmtpServerSession) -> SmtpPolicy:
        return InboundPolicy(session, codec, allowed, append, spool, clock, config.channel, allowance)

    await serve(config, sock, policy, stop)
