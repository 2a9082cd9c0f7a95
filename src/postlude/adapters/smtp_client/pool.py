"""Outgoing SMTP: a pool of connections to one server, and an answer for every copy."""

import asyncio
import logging
import socket
import ssl
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Final

from postlude.adapters.smtp_client.answer import ServerRefused
from postlude.adapters.smtp_client.login import AccessToken, Entrance
from postlude.adapters.smtp_client.tls import Protection, TlsPolicy, protection
from postlude.adapters.smtp_client.transaction import SmtpClientSession
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Forecast, Outgoing

__all__ = ["SmtpConfig", "SmtpTransport", "TlsPolicy"]

_SMOOTH: Final = 8
_GOING: Final = 421  # RFC 5321 3.8: the server closes the connection

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SmtpConfig:
    """One mail server."""

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
    """For the answer after the message: RFC 5321 4.5.3.2.6, because giving up here means `indeterminate`."""
    idle_s: float = 20.0
    """How long an idle connection is kept."""
    authorities: Path | None = None
    """PEM file of the certificate authorities that are believed instead of the system's."""
    certificate: tuple[Path, Path] | None = None
    """Our own certificate chain and key, for servers that ask for one."""
    context: ssl.SSLContext | None = None
    """Instead of the two above."""
    token: AccessToken | None = None
    """For XOAUTH2 instead of a password."""


class SmtpTransport:
    """A Transport to one server, without limits beyond `connections`. Belongs to the event loop that uses it."""

    def __init__(self, config: SmtpConfig) -> None:
        self._config = config
        self._slots = asyncio.Semaphore(config.connections)
        self._idle: deque[SmtpClientSession] = deque()
        self._entrance: tuple[str, Protection] | None = None
        self._busy_s = 1.0  # what a copy takes of a connection, averaged: long until one has been seen
        self.server: Final = f"{config.host}:{config.port}"

    @property
    def concurrency(self) -> int:
        """One a connection."""
        return self._config.connections

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer:
        """One attempt; see `services.ports.Transport`."""
        if self._busy_s < start.sync_s:  # the server is quicker than the disk: let it write while we talk
            start.ask()
        async with self._slots:
            while True:
                session = self._kept()
                reused = session is not None
                try:
                    session = session or await self._enter()
                except ServerRefused as refused:
                    _log.warning("%s: %s: %s", self.server, refused.answer.phase, refused.answer.text)
                    return refused.answer
                try:
                    answer = await session.hand_over(copy, start)
                except BaseException:
                    session.line.close()
                    raise
                self._put_back(session, answer)
                # The server may have closed an idle connection; before it took MAIL nothing can have been accepted.
                if reused and answer.phase == "mail" and not answer.code and answer.outcome is SendOutcome.DEFERRED:
                    continue
                return answer

    def wait_s(self) -> float:
        """Has no limits."""
        return 0.0

    def forecast(self, copies: int) -> Forecast:
        """Has no limits."""
        del copies
        return Forecast(0.0, "")

    async def try_login(self) -> Answer | None:
        """Connect and log in without sending anything; what stood in the way, None when all is well."""
        try:
            session = await self._enter()
        except ServerRefused as refused:
            return refused.answer
        await session.line.quit()
        return None

    async def close(self) -> None:
        """Send QUIT on the idle connections."""
        sessions, self._idle = list(self._idle), deque()
        await asyncio.gather(*(session.line.quit() for session in sessions))

    def _put_back(self, session: SmtpClientSession, answer: Answer) -> None:
        session.sent += 1
        self._busy_s += (session.busy_s - self._busy_s) / _SMOOTH
        if not answer.code or answer.code == _GOING or not session.line.open:
            session.line.close()
        elif session.sent >= self._config.messages_per_connection:
            session.line.write_quit()
        else:
            session.used_at = monotonic()
            self._idle.append(session)

    def _kept(self) -> SmtpClientSession | None:
        """The connection used last; those the server or time has ended are dropped."""
        oldest = monotonic() - self._config.idle_s
        while self._idle and self._idle[0].used_at < oldest:
            self._idle.popleft().line.write_quit()
        while self._idle:
            session = self._idle.pop()
            if session.line.open and session.line.quiet:
                return session
            session.line.close()
        return None

    async def _enter(self) -> SmtpClientSession:
        if self._entrance is None:
            self._entrance = await asyncio.to_thread(self._prepare)
        helo, protected = self._entrance
        return await Entrance(self._config, self.server, helo, protected, self._config.token).enter()

    def _prepare(self) -> tuple[str, Protection]:
        config = self._config
        made = protection(config.tls, config.context, config.authorities, config.certificate)
        return config.helo or socket.getfqdn(), made
