"""The relay's process: takes mail from clients. It writes spool and journal and reads logins."""

import asyncio
import socket
from functools import partial
from typing import TYPE_CHECKING

from postlude.app.build.common import LARGE_JOURNAL, Parts, build_parts, build_quotas
from postlude.app.build.smtp_server import relay_tls, shared
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.mail_journal import MailJournal
from postlude.app.processes.sockets import listening
from postlude.app.processes.succession import succeed
from postlude.app.processes.supervised import STOP_S, Supervision
from postlude.config import Settings
from postlude.kit.priority import yield_to_edges
from postlude.relay import Gateway, RelayConfig, run_relay
from postlude.services.accounts.logins import Logins

if TYPE_CHECKING:
    from postlude.store import Store


def run_relay_process(
    settings: Settings, *, descriptor: int | None, tls_descriptor: int | None, supervision: Supervision
) -> None:
    """Run until told to stop. The descriptors are of listening sockets the parent hands over; None binds here."""
    start_log(settings.log_level)
    yield_to_edges()
    parts = build_parts(settings, must_write=False)
    sock = listening(settings, "relay", descriptor)
    tls_sock = listening(settings, "relay_tls", tls_descriptor) if settings.relay_tls_port else None

    sockets = {"--relay-fd": sock} | ({"--relay-tls-fd": tls_sock} if tls_sock else {})
    bond = supervision.bond(parts.folder.root, "relay", sockets)

    async def main(stop: asyncio.Event) -> None:
        spool = parts.folder.spool_out
        async with MailJournal(parts, "relay", spool) as journal, MailJournal(parts, LARGE_JOURNAL, spool) as large:
            if bond is not None:
                bond.troubles.extend((journal, large))
            await _relay(parts, (sock, tls_sock), journal, large, stop)

    if supervision.outlives:
        succeed(parts.folder.root, "relay", STOP_S)
    run_until_stopped(main, bond=bond)


async def _relay(
    parts: Parts,
    sockets: tuple[socket.socket, socket.socket | None],
    journal: MailJournal,
    large: MailJournal,
    stop: asyncio.Event,
) -> None:
    settings, (sock, tls_sock) = parts.settings, sockets
    config = RelayConfig(
        **shared(settings),
        tls=relay_tls(settings),
        trusted_networks=settings.gateway_networks,
        gateway=Gateway(settings.gateway_networks, settings.gateway_domains, settings.gateway_client_names),
    )
    with Logins(partial(_open_state, parts), parts.folder.logins, settings.gateway_user, parts.clock) as logins:
        await run_relay(
            config,
            sock,
            tls_sock=tls_sock,
            check=logins.check,
            quotas=build_quotas(parts),
            owner_of=logins.owner_of if settings.gateway_networks else None,
            append=journal.append,
            append_large=large.append,
            spool=parts.folder.outgoing_mail(),
            clock=parts.clock,
            stop=stop,
        )


def _open_state(parts: Parts) -> "Store":
    from postlude.store import open_store  # noqa: PLC0415 - 20 MB that an idle relay saves

    return open_store(parts.settings.database, parts.folder.forgotten_key)
