"""The relay's process: takes mail from clients. It writes spool and journal and reads logins."""

import asyncio
import socket
from contextlib import closing

from postlude.app.build.common import Parts, build_parts
from postlude.app.build.logins import Logins
from postlude.app.build.smtp_server import relay_tls, shared
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.sockets import listening
from postlude.config import Settings
from postlude.journal import JournalWriter, Spool
from postlude.relay import Gateway, Quota, RelayConfig, run_relay


def run_relay_process(settings: Settings, *, descriptor: int | None, tls_descriptor: int | None, child: bool) -> None:
    """Run until stopped. The descriptors are of listening sockets passed by the parent; None binds here."""
    start_log(settings.log_level)
    parts = build_parts(settings)
    sock = listening(settings, "relay", descriptor)
    tls_sock = listening(settings, "relay_tls", tls_descriptor) if settings.relay_tls_port else None

    async def main(stop: asyncio.Event) -> None:
        with closing(JournalWriter(parts.folder.journal, "relay", max_bytes=settings.journal_max_bytes)) as journal:
            await _relay(parts, sock, tls_sock, journal, stop)

    run_until_stopped(main, child=child)


async def _relay(
    parts: Parts, sock: socket.socket, tls_sock: socket.socket | None, journal: JournalWriter, stop: asyncio.Event
) -> None:
    settings = parts.settings
    config = RelayConfig(
        **shared(settings),
        tls=relay_tls(settings),
        trusted_networks=settings.gateway_networks,
        quota=Quota(
            settings.relay_messages_per_hour,
            settings.relay_messages_per_day,
            settings.relay_recipients_per_hour,
            settings.relay_recipients_per_day,
        ),
        gateway=Gateway(settings.gateway_networks, settings.gateway_domains, settings.gateway_client_names),
    )
    with Logins(parts) as logins:
        await run_relay(
            config,
            sock,
            tls_sock=tls_sock,
            check=logins.check,
            used=logins.used,
            owner_of=logins.owner_of if settings.gateway_networks else None,
            append=journal.append,
            spool=Spool(parts.folder.spool_out),
            clock=parts.clock,
            stop=stop,
        )
