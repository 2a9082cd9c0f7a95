"""The way out over SMTP: a pool of connections to one server, and an answer for every copy."""

import asyncio
import logging
import ssl
from collections import deque
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic
from typing import Final

from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from postlude.adapters.smtp_answer import Refused, describe, refusal
from postlude.adapters.smtp_transaction import hand_over
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome

_NETWORK: Final = (OSError, SMTPException, TimeoutError)

_log = logging.getLogger(__name__)


class TlsPolicy(StrEnum):
    """How the connection is protected."""

    STARTTLS = "starttls"  # required, certificate verified
    IMPLICIT = "implicit"  # TLS from the first byte, certificate verified
    OPPORTUNISTIC = "opportunistic"  # when offered, certificate not verified (RFC 7435)
    NONE = "none"


@dataclass(frozen=True, kw_only=True)
class SmtpConfig:
    """One next mail server."""

    host: str
    port: int = 587
    tls: TlsPolicy = TlsPolicy.STARTTLS
    user: str = ""
    password: str = ""
    helo: str = ""
    """Our name in EHLO; empty: this machine's."""
    connections: int = 4
    messages_per_connection: int = 100
    connect_timeout_s: float = 30.0
    timeout_s: float = 120.0
    """For an answer before the message (RFC 5321 4.5.3.2 allows 5 minutes, which holds a connection too long)."""
    end_timeout_s: float = 600.0
    """For the answer after the message: RFC 5321 4.5.3.2.6, because giving up here means `unsure`."""
    idle_s: float = 20.0
    """How long a connection nobody uses is kept."""
    context: ssl.SSLContext | None = None
    """For an own certificate authority or a client certificate."""


@dataclass
class _Connection:
    client: SMTP
    sent: int = 0
    used_at: float = 0.0


class SmtpTransport:
    """A Transport to one server. Belongs to the event loop that uses it."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._slots = asyncio.Semaphore(config.connections)
        self._idle: deque[_Connection] = deque()
        self._server = f"{config.host}:{config.port}"

    async def send(self, mail_from: str, rcpt_to: str, data: bytes, envid: str) -> Answer:
        """One attempt; see `services.ports.Transport`."""
        async with self._slots:
            self._drop_stale()
            while True:
                reused = bool(self._idle)
                try:
                    connection = self._idle.pop() if reused else await self._connect()
                except Refused as refused:
                    return refused.answer
                answer = await hand_over(connection.client, self._config, mail_from, rcpt_to, data, envid, self._server)
                connection.sent += 1
                self._put_back(connection, answer)
                # The server may have closed an idle connection; before it took MAIL nothing can have been accepted.
                if reused and answer.phase == "mail" and not answer.code and answer.outcome is SendOutcome.DEFERRED:
                    continue
                return answer

    async def close(self) -> None:
        """Say QUIT on the idle connections."""
        while self._idle:
            await _quit(self._idle.pop().client)

    def _put_back(self, connection: _Connection, answer: Answer) -> None:
        client = connection.client
        broken = not answer.code or answer.code == 421 or not client.is_connected  # noqa: PLR2004 - RFC 5321 3.8
        if broken or connection.sent >= self._config.messages_per_connection:
            client.close()
            return
        connection.used_at = monotonic()
        self._idle.append(connection)

    def _drop_stale(self) -> None:
        oldest = monotonic() - self._config.idle_s
        while self._idle and self._idle[0].used_at < oldest:
            self._idle.popleft().client.close()

    async def _connect(self) -> _Connection:
        config, phase = self._config, "connect"
        client = SMTP(
            hostname=config.host,
            port=config.port,
            local_hostname=config.helo or None,
            timeout=config.timeout_s,
            use_tls=config.tls is TlsPolicy.IMPLICIT,
            start_tls=False,
            tls_context=self._context(),
        )
        try:
            await client.connect(timeout=config.connect_timeout_s)
            await client._ehlo_or_helo_if_needed()  # noqa: SLF001 - the library does this before MAIL; TLS needs it now
            phase = "tls"
            if config.tls is TlsPolicy.STARTTLS or (
                config.tls is TlsPolicy.OPPORTUNISTIC and client.supports_extension("starttls")
            ):
                await client.starttls()
                await client._ehlo_or_helo_if_needed()  # noqa: SLF001 - RFC 3207 4.2: forget the first EHLO
            phase = "auth"
            if config.user:
                await client.login(config.user, config.password)
        except SMTPResponseException as error:
            client.close()
            raise Refused(self._not_ready(phase, refusal(error.code, error.message, self._server, phase))) from error
        except _NETWORK as error:
            client.close()
            answer = Answer(SendOutcome.DEFERRED, text=describe(error), server=self._server, phase=phase)
            raise Refused(self._not_ready(phase, answer)) from error
        return _Connection(client, used_at=monotonic())

    def _not_ready(self, phase: str, answer: Answer) -> Answer:
        """Before MAIL nothing speaks against the message itself: whatever the code, it is tried again."""
        _log.warning("%s: %s: %s %s", self._server, phase, answer.code or "", answer.text)
        return Answer(SendOutcome.DEFERRED, answer.code, answer.enhanced, answer.text, answer.server, phase)

    def _context(self) -> ssl.SSLContext | None:
        if self._config.context is not None or self._config.tls is TlsPolicy.NONE:
            return self._config.context
        context = ssl.create_default_context()
        if self._config.tls is TlsPolicy.OPPORTUNISTIC:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


async def _quit(client: SMTP) -> None:
    try:
        await client.quit(timeout=2)
    except _NETWORK:
        pass
    finally:
        client.close()
