"""The relay's process part."""

import asyncio
import socket
from dataclasses import replace
from functools import partial

from postlude.adapters.quota_files import QuotaFiles
from postlude.adapters.smtp_server.serve import serve
from postlude.journal import Spool
from postlude.kit.clock import Clock
from postlude.relay.config import CheckLogin, OwnerOf, RelayConfig
from postlude.relay.policy import RelayPolicy, RelayServices
from postlude.relay.throttle import Throttle
from postlude.services.messages.accept import accept
from postlude.services.ports import Append


async def run_relay(
    config: RelayConfig,
    sock: socket.socket,
    *,
    check: CheckLogin,
    quotas: QuotaFiles,
    append: Append,
    append_large: Append,
    spool: Spool,
    clock: Clock,
    stop: asyncio.Event,
    tls_sock: socket.socket | None = None,
    owner_of: OwnerOf | None = None,
) -> None:
    """Take mail from logged-in clients on a listening socket until `stop`; on `tls_sock` with TLS from the first byte.

    250 after a message means: its bytes are in the spool and its Submitted is in the journal, both durable. With
    `owner_of` and networks in `config.gateway` those servers need no login. `append_large`: the journal of large ones.
    """
    services = RelayServices(
        check=check,
        accept=partial(accept, append, spool, clock, host=config.hostname, append_large=append_large),
        clock=clock,
        throttle=Throttle(clock),
        quotas=quotas,
        gateway=config.gateway,
        owner_of=owner_of,
    )
    async with asyncio.TaskGroup() as ports:
        ports.create_task(serve(config, sock, partial(RelayPolicy, services=services), stop))
        if tls_sock is not None:
            implicit = replace(config, implicit_tls=True)
            ports.create_task(serve(implicit, tls_sock, partial(RelayPolicy, services=services), stop))
