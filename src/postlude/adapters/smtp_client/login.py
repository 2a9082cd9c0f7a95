"""From a fresh connection to one that is ready for MAIL: greeting, EHLO, STARTTLS, AUTH."""

from base64 import b64encode
from collections.abc import Awaitable
from typing import TYPE_CHECKING, Final, Protocol

from postlude.adapters.smtp_client.answer import ServerRefused, enhanced, reply_line
from postlude.adapters.smtp_client.connection import Lost, Reply, SmtpLine, dial
from postlude.adapters.smtp_client.tls import Protection
from postlude.adapters.smtp_client.transaction import SmtpClientSession
from postlude.model.answer import Answer
from postlude.model.errors import TransportError
from postlude.model.words import SendOutcome

if TYPE_CHECKING:
    from postlude.adapters.smtp_client.pool import SmtpConfig


class AccessToken(Protocol):
    """An OAuth 2 access token for SMTP."""

    def __call__(self, fresh: bool, /) -> Awaitable[str]:
        """`fresh` asks for a new one, since the last was refused; TransportError."""
        ...


_READY: Final = 220
_OK: Final = 250
_WELCOME: Final = 235
_GO_ON: Final = 334
_BAD_LOGIN: Final = 535
_UNKNOWN: Final = frozenset({500, 502, 504})

Offers = dict[str, str]
"""The server's extensions: the whole line by its first word in lower case."""


class _Unwelcome(Exception):  # noqa: N818 - carries the server's answer
    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.text)
        self.reply = reply


class Entrance:
    """Makes sessions with one server."""

    def __init__(
        self, config: "SmtpConfig", server: str, helo: str, protection: Protection, token: AccessToken | None
    ) -> None:
        self._config = config
        self._server = server
        self._helo = helo
        self._protection = protection
        self._token = token
        self._phase = "connect"

    async def enter(self) -> SmtpClientSession:
        """Connect, turn on TLS and log in as set; ServerRefused with a DEFERRED answer that describes the failure.

        Before MAIL no answer is about the message itself: whatever the code, the copy is tried again.
        """
        config, line = self._config, None
        try:
            line = await dial(config.host, config.port, self._protection.first_byte, config.connect_timeout_s)
            offers = await self._prepare(line)
        except (Lost, _Unwelcome, TransportError) as error:
            _close(line)
            raise ServerRefused(self._not_ready(error)) from error
        except BaseException:
            _close(line)
            raise
        return SmtpClientSession(line, self._server, frozenset(offers), config.timeout_s, config.end_timeout_s)

    async def _prepare(self, line: SmtpLine) -> Offers:
        config, protection = self._config, self._protection
        _expect(await line.ask("", config.timeout_s), _READY)
        offers = await self._hello(line)
        self._phase = "tls"
        if protection.upgrade is not None and ("starttls" in offers or protection.required):
            if "starttls" not in offers:
                raise Lost("the server does not offer STARTTLS, and the settings ask for it")
            _expect(await line.ask("STARTTLS", config.timeout_s), _READY)
            await line.secure(protection.upgrade, config.host, config.connect_timeout_s)
            offers = await self._hello(line)  # RFC 3207 4.2: forget the first answer
        self._phase = "auth"
        if config.user:
            await self._authenticate(line, offers)
        return offers

    def _not_ready(self, error: Exception) -> Answer:
        if isinstance(error, _Unwelcome):
            code, text = error.reply
            phase = self._phase
            return Answer(SendOutcome.DEFERRED, code, enhanced(text), reply_line(text), self._server, phase)
        return Answer(SendOutcome.DEFERRED, text=reply_line(str(error)), server=self._server, phase=self._phase)

    async def _hello(self, line: SmtpLine) -> Offers:
        seconds = self._config.timeout_s
        reply = await line.ask(f"EHLO {self._helo}", seconds)
        if reply.code in _UNKNOWN:
            _expect(await line.ask(f"HELO {self._helo}", seconds), _OK)
            return {}
        lines = _expect(reply, _OK).text.split("\n")[1:]
        return {offer.split(" ", 1)[0].lower(): offer for offer in lines if offer}

    async def _authenticate(self, line: SmtpLine, offers: Offers) -> None:
        config, ways = self._config, offers.get("auth", "").upper().split()[1:]
        if self._token is not None:
            await self._xoauth2(line, self._token)
        elif "PLAIN" in ways or "LOGIN" not in ways:
            secret = _coded(f"\0{config.user}\0{config.password}")
            _expect(await line.ask(f"AUTH PLAIN {secret}", config.timeout_s), _WELCOME)
        else:
            _expect(await line.ask("AUTH LOGIN", config.timeout_s), _GO_ON)
            _expect(await line.ask(_coded(config.user), config.timeout_s), _GO_ON)
            _expect(await line.ask(_coded(config.password), config.timeout_s), _WELCOME)

    async def _xoauth2(self, line: SmtpLine, token: AccessToken) -> None:
        """XOAUTH2 of Google and Microsoft; an expired token is replaced once."""
        config = self._config
        for fresh in (False, True):
            secret = _coded(f"user={config.user}\x01auth=Bearer {await token(fresh)}\x01\x01")
            reply = await line.ask(f"AUTH XOAUTH2 {secret}", config.timeout_s)
            if reply.code == _GO_ON:  # the reason as JSON; an empty line asks for the code
                line.write(b"\r\n")
                reply = await line.ask("", config.timeout_s)
            if reply.code == _WELCOME:
                return
            if fresh or reply.code != _BAD_LOGIN:
                raise _Unwelcome(reply)


def _close(line: SmtpLine | None) -> None:
    if line is not None:
        line.close()


def _expect(reply: Reply, code: int) -> Reply:
    if reply.code != code:
        raise _Unwelcome(reply)
    return reply


def _coded(text: str) -> str:
    return b64encode(text.encode()).decode()
