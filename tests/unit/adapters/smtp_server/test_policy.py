"""A server of one's own: a policy decides, the session speaks SMTP."""

import asyncio
import smtplib
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from postlude.adapters.smtp_server.commands import Command
from postlude.adapters.smtp_server.incoming import ReceivedMail
from postlude.adapters.smtp_server.policy import SmtpPolicy, SmtpTransaction
from postlude.adapters.smtp_server.serve import serve
from postlude.adapters.smtp_server.session import SmtpServerConfig, SmtpServerSession


class Picky:
    """Takes mail to one domain, and remembers it."""

    login = None

    def __init__(self, session: SmtpServerSession, taken: list[tuple[str, list[str], bytes]]) -> None:
        self.session = session
        self._taken = taken

    async def trusted(self) -> bool:
        return True

    async def mail(self, command: Command) -> str | None:
        return "550 5.7.1 Not from there" if command.address.endswith("@bad.example") else None

    async def rcpt(self, transaction: SmtpTransaction, command: Command) -> str | None:
        del transaction
        return None if command.address.endswith("@example.org") else "550 5.1.1 Not here"

    async def message(self, transaction: SmtpTransaction, mail: ReceivedMail) -> str:
        self._taken.append(
            (transaction.mail_from, list(transaction.recipients), b"".join([mail.beginning, *mail.rest]))
        )
        return "250 2.0.0 taken"


@asynccontextmanager
async def server(taken: list[tuple[str, list[str], bytes]]) -> AsyncIterator[int]:
    def policy(session: SmtpServerSession) -> SmtpPolicy:
        return Picky(session, taken)

    sock = socket.create_server(("127.0.0.1", 0))
    sock.settimeout(0)
    port: int = sock.getsockname()[1]
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(SmtpServerConfig(hostname="mx.example.org"), sock, policy, stop))
    try:
        yield port
    finally:
        stop.set()
        await serving


def send(port: int, sender: str, recipients: list[str]) -> dict[str, tuple[int, bytes]]:
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        return client.sendmail(sender, recipients, b"Subject: x\r\n\r\n.dot\r\n")


async def test_what_the_policy_takes_is_taken_and_what_it_refuses_is_refused() -> None:
    taken: list[tuple[str, list[str], bytes]] = []
    async with server(taken) as port:
        refused = await asyncio.to_thread(send, port, "a@example.net", ["bob@example.org", "eve@example.com"])
    assert refused == {"eve@example.com": (550, b"5.1.1 Not here")}
    assert taken == [("a@example.net", ["bob@example.org"], b"Subject: x\r\n\r\n.dot\r\n")]


async def test_a_sender_that_is_refused_begins_no_transaction() -> None:
    taken: list[tuple[str, list[str], bytes]] = []
    async with server(taken) as port:
        with pytest.raises(smtplib.SMTPSenderRefused, match="Not from there"):
            await asyncio.to_thread(send, port, "a@bad.example", ["bob@example.org"])
    assert taken == []
