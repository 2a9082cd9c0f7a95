"""What the relay allows: a login writing as itself, to anybody."""

import asyncio
import logging
from collections.abc import Awaitable
from email.utils import format_datetime
from typing import Final, Protocol

from postlude.adapters.smtp_command import Command
from postlude.adapters.smtp_door import Door, Letter
from postlude.kit.clock import Clock, to_datetime
from postlude.kit.ids import id_text
from postlude.model.errors import InputError
from postlude.relay.config import CheckLogin, Login
from postlude.relay.senders import may_send_as
from postlude.relay.throttle import Throttle
from postlude.services.submit_accept import Dsn
from postlude.services.submit_head import Head

_MAX_HOPS: Final = 50
_WRONG_PASSWORD_PAUSE_S: Final = 0.5

_log = logging.getLogger(__name__)


class Accept(Protocol):
    """`services.submit.accept` with journal, spool and clock given."""

    def __call__(self, *, user: int, mail_from: str, recipients: list[str], raw: bytes, dsn: Dsn) -> Awaitable[int]:
        """Durable when it returns the message's id."""
        ...


class RelayGuard:
    """Decides on one connection."""

    def __init__(self, door: Door, check: CheckLogin, throttle: Throttle, accept: Accept, clock: Clock) -> None:
        self._door = door
        self._check = check
        self._throttle = throttle
        self._accept = accept
        self._clock = clock
        self._login: Login | None = None

    async def login(self, login: str, password: str) -> str | None:
        """Check an app password; slow and then refused for an address that gave many wrong ones."""
        peer = self._door.peer
        if wait := self._throttle.wait_s(peer):
            return f"454 4.7.0 Too many wrong passwords from {peer}; try again in {wait} seconds"
        try:
            self._login = await self._check(login, password)
        except Exception:  # noqa: BLE001 - a broken check is a temporary answer, never a traceback to the client
            _log.exception("logins cannot be checked")
            return "454 4.7.0 Logins cannot be checked just now; try again later"
        if self._login is None:
            self._throttle.failed(peer)
            _log.warning("wrong password for %r from %s", login[:100], peer)
            await asyncio.sleep(_WRONG_PASSWORD_PAUSE_S)
            return "535 5.7.8 Wrong login or password; make an app password in Postlude's preferences and use that"
        self._throttle.passed(peer)
        return None

    async def mail(self, command: Command) -> str | None:
        """The envelope sender belongs to the login, or is null, as of read receipts."""
        if command.address and not self._mine(command.address):
            return _not_yours(command.address)
        return None

    async def rcpt(self, letter: Letter, command: Command) -> str | None:
        """Anybody with an address that can exist may be written to."""
        del letter, command
        return None

    async def message(self, letter: Letter, raw: bytes) -> str:
        """Durable in spool and journal before 250 is said."""
        head = Head(raw)
        if refusal := self._refuse(head):
            return refusal
        try:
            message = await self._accept(
                user=self._login.user if self._login else 0,
                mail_from=letter.mail_from,
                recipients=letter.recipients,
                raw=self._received() + raw,
                dsn=Dsn(letter.envid, letter.ret, letter.dsn),
            )
        except InputError as error:
            return f"554 5.6.0 {error}"
        return f"250 2.0.0 OK: queued as {id_text(message)}"

    def _refuse(self, head: Head) -> str | None:
        if len(head.all("received")) > _MAX_HOPS:
            return f"554 5.4.6 The message came through more than {_MAX_HOPS} servers: it goes round in a circle"
        if len(head.all("from")) != 1:
            return "554 5.6.0 The message must have exactly one From header (RFC 5322 3.6)"
        senders = head.addresses("from")
        if not senders:
            return "554 5.6.0 The From header has no address; set one in your mail program"
        foreign = [a for a in (*senders, *head.addresses("sender")) if not self._mine(a)]
        return _not_yours(foreign[0]) if foreign else None

    def _mine(self, address: str) -> bool:
        return self._login is not None and may_send_as(address, self._login.senders)

    def _received(self) -> bytes:
        """The trace RFC 5321 4.4 wants, without the client's name and address: those are the sender's own."""
        date = format_datetime(to_datetime(self._clock.now()))
        return f"Received: by {self._door.hostname} (Postlude) with {self._door.protocol_name}; {date}\r\n".encode()


def _not_yours(address: str) -> str:
    shown = address.encode("ascii", "replace").decode()[:100]
    return f"550 5.7.1 This login may not write as {shown}; add the address in Postlude or use your own"
