"""The inbound process: accepts returned mail. It writes spool and journal and opens no database.

Its port is open to the world, so it shares no process with the relay, the digest or anything else that must keep
running.
"""

import asyncio
import socket
from typing import Final

from postlude.app.build.common import Parts, build_parts
from postlude.app.build.smtp_server import inbound_tls, shared
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.mail_journal import MailJournal
from postlude.app.processes.sockets import listening
from postlude.app.processes.succession import succeed
from postlude.app.processes.supervised import STOP_S, Supervision
from postlude.config import Settings
from postlude.inbound import InboundConfig, run_inbound
from postlude.kit.priority import yield_to_edges

_BUFFERED_BYTES: Final = 64 << 20  # of incoming mail, which anyone who knows an address can send: two of the largest


def run_inbound_process(settings: Settings, *, descriptor: int | None, supervision: Supervision) -> None:
    """Run until told to stop. `descriptor` is of a listening socket the parent hands over; None binds here."""
    start_log(settings.log_level)
    yield_to_edges()
    parts = build_parts(settings, must_write=False)
    sock = listening(settings, "inbound", descriptor)

    bond = supervision.bond(parts.folder.root, "inbound", {"--inbound-fd": sock})

    async def main(stop: asyncio.Event) -> None:
        async with MailJournal(parts, "inbound", parts.folder.spool_in) as journal:
            if bond is not None:
                bond.troubles.append(journal)
            await _inbound(parts, sock, journal, stop)

    if supervision.outlives:
        succeed(parts.folder.root, "inbound", STOP_S)
    run_until_stopped(main, bond=bond)


async def _inbound(parts: Parts, sock: socket.socket, journal: MailJournal, stop: asyncio.Event) -> None:
    settings = parts.settings
    await run_inbound(
        InboundConfig(
            **shared(settings),
            tls=inbound_tls(settings),
            lmtp=settings.inbound_protocol == "lmtp",
            channel=settings.inbound_protocol,
            buffered_bytes=max(_BUFFERED_BYTES, 2 * settings.max_message_bytes),
        ),
        sock,
        codec=parts.codec,
        append=journal.append,
        spool=parts.folder.returned_mail(),
        clock=parts.clock,
        stop=stop,
        # The sandbox's recipients answer to whatever From a mail had; with a real server only tags are taken.
        allowed=lambda _address: settings.sandbox,
    )
