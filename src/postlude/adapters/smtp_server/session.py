"""Common to both SMTP servers: commands with parameters, AUTH, the message, and refusals.

aiosmtpd provides the command loop and STARTTLS. Replaced here: its DATA (a call per line; here the message is read as a
whole), its AUTH (synchronous) and its MAIL and RCPT (no DSN parameters, no null reverse-path).
"""

import asyncio
import logging
import ssl
from asyncio import IncompleteReadError, LimitOverrunError
from base64 import b64decode, b64encode
from binascii import Error as Base64Error
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from typing import Any, AnyStr, Final

from aiosmtpd.smtp import SMTP

from postlude.adapters.smtp_server.commands import SyntaxRefused, parse_mail, parse_rcpt, too_large
from postlude.adapters.smtp_server.incoming import IncomingMail, ReceivedMail
from postlude.adapters.smtp_server.policy import Authenticate, SessionPolicyOf, SmtpTransaction
from postlude.kit.message_buffers import BufferReservation, MessageBuffers
from postlude.kit.whole_number import whole_number
from postlude.mail.limits import ADDRESSES, head_refusal
from postlude.model.errors import StorageError

_END: Final = b"\r\n.\r\n"
_BUFFER: Final = 1 << 18  # of the reader, while a message comes in
_COMMAND_BYTES: Final = 12_288  # RFC 4954 section 4: the longest AUTH response; the reader's buffer between messages
_LONGEST_LINE: Final = 65_536  # of a command that does not end
_BARE: Final = (
    "550 5.6.11 The message has a bare line feed or carriage return (RFC 5321 2.3.8); end every line with CR LF. "
    "Nothing was accepted"
)
_CROWDED: Final = (
    "452 4.3.1 Too much mail is coming in at this moment; nothing was accepted, try again in a few minutes"
)
_DIGITS: Final = 12  # of a size in BDAT
_WRONG_PASSWORDS: Final = 3  # on one connection
_IDLE_REPLIES: Final = 200  # to who has not logged in, beside one for each recipient: a mail takes a handful
_IN_A_ROW: Final = 16
_TALKATIVE: Final = b"421 4.7.0 Too many commands and no mail; connect again when there is some\r\n"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class SmtpServerConfig:
    """Configuration common to the SMTP servers."""

    hostname: str
    """Our name in the greeting and in EHLO."""
    max_message_bytes: int = 26_214_400
    max_recipients: int = ADDRESSES
    tls: ssl.SSLContext | None = None
    """With a certificate STARTTLS is offered, and passwords are taken on protected connections only."""
    implicit_tls: bool = False
    """TLS from the first byte (port 465) instead of STARTTLS."""
    timeout_s: float = 300.0
    """Between two commands of who has logged in or has named a recipient (RFC 5321 4.5.3.2.7)."""
    greeting_timeout_s: float = 30.0
    """From the connection to the first command."""
    idle_timeout_s: float = 60.0
    """Timeout between two commands of other clients."""
    idle_session_s: float = 600.0
    """From the connection to the first recipient, without a login."""
    connections: int = 500
    """At a time, of this server; one that idles makes room for a new one."""
    connections_per_address: int = 50
    """At a time; an IPv6 address counts with its /64."""
    trusted_networks: tuple[IPv4Network | IPv6Network, ...] = ()
    """Addresses without `connections_per_address`."""
    buffered_bytes: int = 268_435_456
    """Bytes of all incoming messages; a further one gets a temporary refusal."""
    lmtp: bool = False
    """Speak LMTP (RFC 2033): LHLO, and one answer for each recipient after the message."""


class SmtpServerSession(SMTP):
    """One connection: SMTP spoken, a policy asked."""

    line_length_limit = _COMMAND_BYTES  # the reader's buffer, not a promise

    def __init__(
        self, config: SmtpServerConfig, policy: SessionPolicyOf, buffers: MessageBuffers | None = None
    ) -> None:
        self._config = config
        self._buffers = buffers or MessageBuffers(config.buffered_bytes)
        self._began = 0.0
        self._line = 0
        """Bytes of a command that has not ended yet."""
        self._in_message = False
        self._policy = policy(self)
        self._login = self._policy.login
        self._wrong = 0
        self._replies = 0
        """Without a login, since the last mail."""
        self._in_a_row = 0
        self.transaction: SmtpTransaction | None = None
        super().__init__(
            object(),
            data_size_limit=config.max_message_bytes,
            enable_SMTPUTF8=True,
            hostname=config.hostname,
            ident="Postlude",
            tls_context=None if config.implicit_tls else config.tls,
            timeout=config.timeout_s,
            loop=asyncio.get_running_loop(),
        )
        # aiosmtpd shares its limits between all connections and lets every EHLO raise them.
        self.command_size_limits: Any = defaultdict(lambda: _COMMAND_BYTES)
        self.command_size_limit = _COMMAND_BYTES
        if config.lmtp:
            self._smtp_methods["LHLO"] = self._smtp_methods.pop("EHLO")
            del self._smtp_methods["HELO"]

    async def _handle_client(self) -> None:
        """As the parent's. A client that has gone, if only before the greeting, is not our error."""
        with suppress(ConnectionError):
            await super()._handle_client()

    async def push(self, status: AnyStr) -> None:
        """Answer; ConnectionResetError when the client has gone."""
        if self.transport is None or self.transport.is_closing():
            raise ConnectionResetError("the client has gone")
        named = len(self.transaction.recipients) if self.transaction is not None else 0
        self._replies = 0 if self.session and self.session.authenticated else self._replies + 1
        if self._replies > _IDLE_REPLIES + named:  # who only talks is not talked to for ever
            self._writer.write(_TALKATIVE)
            self.transport.close()
            return
        await super().push(status)
        self._in_a_row += 1
        if self._in_a_row % _IN_A_ROW == 0:  # commands that came at once are answered without a pause: others wait
            await asyncio.sleep(0)

    @property
    def protected(self) -> bool:
        """True on TLS."""
        return self.transport is not None and self.transport.get_extra_info("ssl_object") is not None

    @property
    def certificate_names(self) -> tuple[str, ...]:
        """DNS names in the certificate the client showed and TLS has verified."""
        tls = self.transport.get_extra_info("ssl_object") if self.transport is not None else None
        certificate = tls.getpeercert() if tls is not None else None
        names = (certificate or {}).get("subjectAltName", ())
        return tuple(name.lower() for kind, name in names if kind == "DNS")

    @property
    def peer(self) -> str:
        """The other side's IP address."""
        name = self.transport.get_extra_info("peername") if self.transport else None
        return str(name[0]) if isinstance(name, tuple) and name else "local"

    @property
    def protocol_name(self) -> str:
        """How the message came, for Received (RFC 3848)."""
        extended = self.session is not None and self.session.extended_smtp
        base = "LMTP" if self._config.lmtp else "ESMTP" if extended else "SMTP"
        return base + ("S" if self.protected else "") + ("A" if self.session and self.session.authenticated else "")

    @property
    def busy(self) -> bool:
        """Whether it has shown that it comes with mail: a login, or a recipient that was taken."""
        return (self.transaction is not None and bool(self.transaction.recipients)) or bool(
            self.session and self.session.authenticated
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin; also called once more when STARTTLS is done."""
        self._began = self.loop.time()
        super().connection_made(transport)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """Wait less for who has neither logged in nor named a recipient: connections are few."""
        config = self._config
        if duration is None and not self.busy:
            if self.transport is None:  # it has only just come
                duration = config.greeting_timeout_s
            else:
                left = self._began + config.idle_session_s - self.loop.time()
                duration = max(0.001, min(config.idle_timeout_s, left))
        super()._reset_timeout(duration)

    def data_received(self, data: bytes) -> None:
        """Bytes came; who sends on and on without ending a command is not read to the end."""
        self._line = 0 if self._in_message or b"\n" in data else self._line + len(data)
        if self._line > _LONGEST_LINE:
            self.hang_up("500 5.5.2 A command is one short line; connect again")
            return
        super().data_received(data)

    def _timeout_cb(self) -> None:
        self.hang_up("421 4.4.2 Nothing came for too long; connect again when there is mail")

    def hang_up(self, reply: str) -> None:
        """Send the reason and close."""
        if self.transport is not None:
            self._writer.write(reply.encode() + b"\r\n")
            self.transport.close()

    def connection_lost(self, error: Exception | None) -> None:
        """Gone, whoever ended it."""
        self._end_transaction()
        super().connection_lost(error)

    def _set_rset_state(self) -> None:
        self._end_transaction()
        super()._set_rset_state()  # type: ignore[no-untyped-call]  # aiosmtpd is half typed

    async def smtp_EHLO(self, hostname: str | None) -> None:  # noqa: N802 - aiosmtpd finds commands by name
        """Answer EHLO with the offered extensions."""
        if not hostname:
            await self.push("501 5.5.4 Syntax: EHLO hostname")
            return
        self._set_rset_state()
        assert self.session is not None
        self.session.extended_smtp = True
        self.session.host_name = hostname
        offers = [
            f"SIZE {self._config.max_message_bytes}",
            "8BITMIME",
            "SMTPUTF8",
            "DSN",
            "ENHANCEDSTATUSCODES",
            "PIPELINING",
            "CHUNKING",
        ]
        if self.tls_context and not self.protected:
            offers.append("STARTTLS")
        if self._login and self._may_login:
            offers.append("AUTH PLAIN LOGIN")
        lines = [self.hostname, *offers]
        await self.push("\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"]))

    @property
    def _may_login(self) -> bool:
        return self.protected or self._config.tls is None

    async def smtp_AUTH(self, arg: str | None) -> None:  # noqa: N802 - as smtp_EHLO
        """PLAIN (RFC 4616) and LOGIN."""
        assert self.session is not None
        if self._login is None:
            await self.push("502 5.5.1 AUTH is not offered here")
        elif not self.session.host_name:
            await self.push("503 5.5.1 Send EHLO first")
        elif not self._may_login:
            await self.push("538 5.7.11 Passwords are accepted on encrypted connections only; turn on STARTTLS")
        elif self.session.authenticated:
            await self.push("503 5.5.1 Already logged in")
        elif self.transaction is not None:
            await self.push("503 5.5.1 AUTH is not allowed inside a transaction")
        else:
            await self._authenticate_with(self._login, (arg or "").split())

    async def _authenticate_with(self, check: Authenticate, words: list[str]) -> None:
        mechanism = words[0].upper() if words else ""
        try:
            if mechanism == "PLAIN":
                _, login, password = (await self._answer(words[1:], "")).split("\0")
            elif mechanism == "LOGIN":
                login = await self._answer(words[1:], "Username:")
                password = await self._answer([], "Password:")
            else:
                await self.push("504 5.5.4 Supported mechanisms: PLAIN, LOGIN")
                return
        except (Base64Error, ValueError):
            await self.push("501 5.5.2 Malformed AUTH response")
            return
        refused = await check(login, password)
        assert self.session is not None
        self.session.authenticated = refused is None
        self._reset_timeout()
        self._wrong += refused is not None
        if self._wrong >= _WRONG_PASSWORDS and self.transport is not None:
            await self.push(f"421{(refused or '')[3:]}")
            self.transport.close()
            return
        await self.push(refused or "235 2.7.0 Welcome")

    async def _answer(self, given: list[str], challenge: str) -> str:
        """The client's next answer; ValueError when it is not base64, or `*`, which gives up."""
        if given:
            text = given[0].encode("utf-8", "replace")
            return "" if text == b"=" else b64decode(text, validate=True).decode()
        await self.push(b"334 " + b64encode(challenge.encode()))
        line = (await self._reader.readuntil(b"\n")).strip()
        return b64decode(line, validate=True).decode()

    async def smtp_MAIL(self, arg: str | None) -> None:  # noqa: N802 - as smtp_EHLO
        """Begin a transaction."""
        if await self.check_helo_needed():
            return
        assert self.session is not None
        if self._login and not self.session.authenticated and not await self._policy.trusted():
            hint = "" if self._may_login else "turn on STARTTLS, then "
            await self.push(f"530 5.7.0 Log in first: {hint}use your address and an app password from Postlude")
        elif self.transaction is not None:
            await self.push("503 5.5.1 A message has already begun; send RSET to drop it")
        else:
            try:
                command = parse_mail(arg, self._config.max_message_bytes)
            except SyntaxRefused as refused:
                await self.push(str(refused))
                return
            refusal = await self._policy.mail(command)
            if refusal is None:
                self.transaction = SmtpTransaction(command.address, command.envid, command.utf8, command.ret)
            await self.push(refusal or "250 2.1.0 OK")

    async def smtp_RCPT(self, arg: str | None) -> None:  # noqa: N802 - as smtp_EHLO
        """Add a recipient."""
        transaction = self.transaction
        if transaction is None:
            await self.push("503 5.5.1 Send MAIL first")
            return
        if len(transaction.recipients) >= self._config.max_recipients:
            await self.push(f"452 4.5.3 At most {self._config.max_recipients} recipients per message; send it in parts")
            return
        try:
            command = parse_rcpt(arg, utf8=transaction.utf8)
        except SyntaxRefused as refused:
            await self.push(str(refused))
            return
        refusal = await self._policy.rcpt(transaction, command)
        if refusal is None:
            transaction.recipients.append(command.address)
            self._reset_timeout()
            if any(command.dsn):
                transaction.dsn[command.address] = command.dsn
        await self.push(refusal or "250 2.1.5 OK")

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - as smtp_EHLO
        """Receive the message."""
        transaction = self.transaction
        if transaction is None or not transaction.recipients:
            await self.push("503 5.5.1 Send MAIL and RCPT first")
            return
        if transaction.received is not None:
            await self.push("503 5.5.1 The message has begun with BDAT; end it with BDAT LAST, or send RSET to drop it")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 Go ahead, end with CR LF . CR LF")
        with self._buffers.place() as place:
            incoming = await self._read_message(place)
            self.transaction = None
            if incoming is None:
                reply = _CROWDED if place.crowded else too_large(self._config.max_message_bytes)
            else:
                reply = await self._store(transaction, incoming.ended())
        await self._answer_message(transaction, reply)

    async def smtp_BDAT(self, arg: str | None) -> None:  # noqa: N802 - as smtp_EHLO
        """Take a part of the message by its length (RFC 3030): no end mark, so nothing can be smuggled."""
        digits, _, last = (arg or "").partition(" ")
        size = whole_number(digits, _DIGITS)
        if size is None or last.upper() not in {"", "LAST"}:
            await self.push("501 5.5.4 Syntax: BDAT bytes [LAST]")
            return
        transaction, limit = self.transaction, self._config.max_message_bytes
        if transaction is None or not transaction.recipients:
            await self._read_exactly(size, None, IncomingMail(stuffed=False))
            await self.push("503 5.5.1 Send MAIL and RCPT first")
            return
        received = transaction.received = transaction.received or IncomingMail(stuffed=False)
        transaction.place = transaction.place or self._buffers.place()
        fits = received.size + size <= limit
        if not await self._read_exactly(size, transaction.place if fits else None, received):
            crowded = transaction.place.crowded
            self._end_transaction()
            await self._answer_message(transaction, _CROWDED if crowded else too_large(limit))
            return
        if not last:
            self._replies -= size > 0  # what brings mail is not talk
            await self.push(f"250 2.0.0 {size} bytes received")
            return
        try:
            reply = await self._store(transaction, received.ended())
        finally:
            self._end_transaction()
        await self._answer_message(transaction, reply)

    def _end_transaction(self) -> None:
        """No transaction is under way any more, and nothing is held for one."""
        if self.transaction is not None and self.transaction.place is not None:
            self.transaction.place.leave()
        self.transaction = None

    async def _read_exactly(self, size: int, place: BufferReservation | None, into: IncomingMail) -> bool:
        """Read `size` bytes; False when they were read only to be dropped: there is no place, or no room in it."""
        self._in_message = True
        while size:
            try:
                piece = await self._reader.readexactly(min(size, _BUFFER))
            except IncompleteReadError as error:
                raise ConnectionResetError("connection lost inside the message") from error
            self._reset_timeout()
            size -= len(piece)
            if place is not None and place.take(len(piece)):
                into.add(piece)
            else:
                place = None
                into.drop()
        self._in_message = False
        return place is not None

    async def _store(self, transaction: SmtpTransaction, mail: ReceivedMail | None) -> str:
        # A bare CR or LF is what a second message could be smuggled with, here or at a server behind.
        if mail is None:
            return _BARE
        refusal = head_refusal(mail.beginning)
        return await self._policy.message(transaction, mail) if refusal is None else f"552 5.3.4 {refusal}"

    async def _answer_message(self, transaction: SmtpTransaction, reply: str) -> None:
        answers = len(transaction.recipients) if self._config.lmtp else 1  # RFC 2033 4.2: one a recipient
        self._replies = (0 if reply.startswith("250") else self._replies) - answers + 1
        for _ in range(answers):
            await self.push(reply)

    async def _read_message(self, place: BufferReservation) -> IncomingMail | None:
        """The message up to its end; None when it was too large or found no place."""
        reader: Any = self._reader
        reader._limit = _BUFFER  # noqa: SLF001 - a small buffer for commands, a large one for mail
        self._in_message = True
        try:
            return await self._read_to_the_end(place)
        finally:
            self._in_message = False
            reader._limit = _COMMAND_BYTES  # noqa: SLF001 - as above

    async def _read_to_the_end(self, place: BufferReservation) -> IncomingMail | None:
        # The CR LF that ended DATA belongs to the end mark of an empty message (RFC 5321 4.1.1.4).
        self._reader._buffer[:0] = b"\r\n"  # type: ignore[attr-defined]  # noqa: SLF001 - as aiosmtpd does itself
        incoming = IncomingMail(stuffed=True)
        size, limit = 0, self._config.max_message_bytes
        while True:
            try:
                piece = await self._reader.readuntil(_END)
            except LimitOverrunError as more:
                piece, done = await self._reader.read(more.consumed), False
            except IncompleteReadError as error:
                raise ConnectionResetError("connection lost inside the message") from error
            else:
                piece, done = piece[: -len(b".\r\n")], True
            self._reset_timeout()
            size += len(piece)
            if size > limit + 2 or not place.take(len(piece)):
                incoming.drop()
                place.leave()
            else:
                incoming.add(piece)
            if done:
                return incoming if size <= limit + 2 and not place.crowded else None

    async def handle_exception(self, error: Exception) -> str:
        """A temporary error for any exception: the client keeps the message and tries again."""
        self._end_transaction()
        if isinstance(error, StorageError):
            _log.error("%s", error)
            return "452 4.3.1 The disk of this server takes nothing; nothing was accepted, try again later"
        _log.error("connection from %s", self.peer, exc_info=error, extra={"peer": self.peer})
        return "451 4.3.0 Something broke on this server; nothing was accepted, try again later"
