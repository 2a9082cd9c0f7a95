"""The relay's policy: a login sends as itself to any recipient; trusted servers send for their domains."""

import asyncio
import logging
from collections.abc import Awaitable
from email.utils import format_datetime
from functools import partial
from typing import Final, NamedTuple, Protocol

from postlude.adapters.quota_files import QuotaFiles
from postlude.adapters.smtp_server.commands import Command
from postlude.adapters.smtp_server.incoming import ReceivedMail
from postlude.adapters.smtp_server.policy import SmtpTransaction
from postlude.adapters.smtp_server.session import SmtpServerSession
from postlude.kit.clock import MICROS_PER_SECOND, Clock, to_datetime
from postlude.kit.ids import id_text
from postlude.mail.authors import AUTHORS, author_fault
from postlude.mail.header_block import HeaderBlock
from postlude.model.errors import InputError, PostludeError, QuotaError
from postlude.model.login import Login
from postlude.model.words import MessagePurpose, Via
from postlude.relay.config import CheckLogin, Gateway, OwnerOf
from postlude.relay.gateway import in_domains, is_gateway
from postlude.relay.throttle import Throttle
from postlude.services.accounts.sender_rights import may_send_as
from postlude.services.messages.accept import CountMessage, Dsn, NewMessage

_MAX_HOPS: Final = 50
_ENDED: Final = (
    "530 5.7.0 This login was ended meanwhile: its app password was revoked or its user disabled; "
    "make an app password in Postlude's preferences and log in again"
)
_UNTRACKED: Final = b"X-Postlude-Opens: off\r\nX-Postlude-Clicks: off\r\nX-Postlude-Text: off\r\n"

_log = logging.getLogger(__name__)


class Accept(Protocol):
    """`services.messages.accept.accept` with journal, spool, clock and host given."""

    def __call__(self, new: NewMessage, /, *, count: CountMessage | None) -> Awaitable[int]:
        """Durable when it returns the message's id; InputError, QuotaError, StorageError."""
        ...


class RelayServices(NamedTuple):
    """What all connections of a relay share."""

    check: CheckLogin
    accept: Accept
    clock: Clock
    throttle: Throttle
    quotas: QuotaFiles
    gateway: Gateway
    owner_of: OwnerOf | None


class RelayPolicy:
    """Decides on one connection."""

    def __init__(self, session: SmtpServerSession, services: RelayServices) -> None:
        self._session = session
        self._services = services
        self._login: Login | None = None
        self._given = ("", "")
        """What it logged in with: asked again, because a login may end while its connection goes on."""
        self._checked_at = 0
        self._gateway: bool | None = None

    async def login(self, login: str, password: str) -> str | None:
        """Check an app password; slow and then refused for an address that gave many wrong ones to it."""
        peer, throttle = self._session.peer, self._services.throttle
        if wait := throttle.wait_s(peer, login):
            return f"454 4.7.0 Too many wrong passwords for this login from {peer}; try again in {wait} seconds"
        try:
            self._login = await self._services.check(login, password)
        except Exception as error:  # noqa: BLE001 - a broken check is a temporary answer, never a traceback to the client
            known = isinstance(error, PostludeError)
            _log.error("logins cannot be checked: %s", error, exc_info=None if known else error)
            return "454 4.7.0 Logins cannot be checked just now; try again later"
        if self._login is None:
            pause = throttle.failed(peer, login)
            _log.warning("wrong password for %r from %s", login[:100], peer, extra={"peer": peer})
            await asyncio.sleep(pause)
            return "535 5.7.8 Wrong login or password; make an app password in Postlude's preferences and use that"
        throttle.passed(peer, login)
        self._given, self._checked_at = (login, password), self._services.clock.now()
        return None

    async def _ended(self) -> str | None:
        """Why the login of this connection may send no more, or None; also learns what it may send as now."""
        now = self._services.clock.now()
        if self._login is None or 0 <= now - self._checked_at < MICROS_PER_SECOND:
            return None
        try:
            found = await self._services.check(*self._given)
        except Exception as error:  # noqa: BLE001 - it was right before, and nothing says that it is not
            _log.warning("a login cannot be checked again: %s", error)
            return None
        if found is None:
            return _ENDED  # and `_login` stays: without one this would be a gateway
        self._login, self._checked_at = found, now
        return None

    async def trusted(self) -> bool:
        """Whether this is one of the servers that need no login."""
        if self._gateway is None or self._session.protected:
            self._gateway = self._services.owner_of is not None and is_gateway(self._services.gateway, self._session)
        return self._gateway

    async def mail(self, command: Command) -> str | None:
        """The envelope sender belongs to the login, or is null, as of read receipts; and the quota has room."""
        if self._login is None:  # a gateway: what it may send as is read in the message
            return None
        if ended := await self._ended():
            return ended
        if command.address and not self._mine(command.address):
            return _not_yours(command.address)
        return self._over_quota(self._login, 1)

    async def rcpt(self, transaction: SmtpTransaction, command: Command) -> str | None:
        """Any recipient with a possible address is accepted, within the quota."""
        del command
        if self._login is None or not transaction.recipients:
            return None
        return self._over_quota(self._login, len(transaction.recipients) + 1)

    def _over_quota(self, login: Login, recipients: int) -> str | None:
        text = self._services.quotas.refusal(login.user, login.limits, recipients)
        return f"450 4.7.1 {text}" if text else None

    async def message(self, transaction: SmtpTransaction, mail: ReceivedMail) -> str:
        """Durable in spool and journal before the answer 250."""
        if ended := await self._ended():
            return ended
        head, login = await asyncio.to_thread(_read_head, mail.beginning), self._login
        refusal = _malformed(head) or (self._foreign(head) if login else self._not_the_gateways(head, transaction))
        if refusal:
            return refusal
        new = NewMessage(
            user=await self._owner(head),
            via=Via.RELAY,
            mail_from=transaction.mail_from,
            recipients=transaction.recipients,
            raw=self._marks(head) + self._received() + mail.beginning,
            rest=mail.rest,
            dsn=Dsn(transaction.envid, transaction.ret, transaction.dsn),
            purpose=self._usual_purpose(head),
        )
        quotas = self._services.quotas
        try:
            count = partial(quotas.take, login.user, login.limits) if login else None
            message = await self._services.accept(new, count=count)
        except QuotaError as error:
            return f"450 4.7.1 {error}"
        except InputError as error:
            return f"554 5.6.0 {error}"
        return f"250 2.0.0 OK: queued as {id_text(message)}"

    def _foreign(self, head: HeaderBlock) -> str | None:
        foreign = [address for name in AUTHORS for address in head.claimed(name) if not self._mine(address)]
        return _not_yours(foreign[0]) if foreign else None

    def _not_the_gateways(self, head: HeaderBlock, transaction: SmtpTransaction) -> str | None:
        """Networks of large providers are shared with strangers: the domain decides, not the network alone."""
        author, domains = head.addresses("from")[0], self._services.gateway.domains
        if in_domains(author, domains) or in_domains(transaction.mail_from, domains):
            return None
        return (
            f"550 5.7.1 {_shown(author)} is of no domain this gateway may send as; add it to POSTLUDE_GATEWAY_DOMAINS"
        )

    async def _owner(self, head: HeaderBlock) -> int:
        if self._login is not None:
            return self._login.user
        assert self._services.owner_of is not None
        return await self._services.owner_of(head.addresses("from")[0])

    def _is_foreign(self, head: HeaderBlock) -> bool:
        """Whether the gateway only forwards it: its author is of a foreign domain."""
        return self._login is None and not in_domains(head.addresses("from")[0], self._services.gateway.domains)

    def _marks(self, head: HeaderBlock) -> bytes:
        """Mail that the gateway only forwards has a foreign author: it is passed on untracked."""
        return _UNTRACKED if self._is_foreign(head) else b""

    def _usual_purpose(self, head: HeaderBlock) -> str:
        """The default purpose. Forwarded mail is personal: its header fields of a mailing are the original author's."""
        if self._login is not None:
            return self._login.purpose
        return MessagePurpose.PERSONAL.value if self._is_foreign(head) else ""

    def _mine(self, address: str) -> bool:
        return self._login is not None and may_send_as(address, self._login.senders)

    def _received(self) -> bytes:
        """The trace RFC 5321 4.4 wants, without the client's name and address: those are the sender's own."""
        date = format_datetime(to_datetime(self._services.clock.now()))
        return (
            f"Received: by {self._session.hostname} (Postlude) with {self._session.protocol_name}; {date}\r\n".encode()
        )


def _read_head(raw: bytes) -> HeaderBlock:
    """The head with the addresses that are asked for read already: of hostile fields that takes a while."""
    head = HeaderBlock(raw)
    for name in AUTHORS:
        head.claimed(name)
    return head


def _malformed(head: HeaderBlock) -> str | None:
    if len(head.all("received")) > _MAX_HOPS:
        return f"554 5.4.6 The message came through more than {_MAX_HOPS} servers: it goes round in a circle"
    fault = author_fault(head)
    return f"{fault.status} {fault.text}" if fault else None


def _not_yours(address: str) -> str:
    return f"550 5.7.1 This login may not write as {_shown(address)}; add the address in Postlude or use your own"


def _shown(address: str) -> str:
    return address.encode("ascii", "replace").decode()[:100]
