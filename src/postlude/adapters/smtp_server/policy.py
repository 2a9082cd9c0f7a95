"""What an SMTP session asks of whoever takes its mail: the policy, and the transaction it decides on.

The relay's policy and the inbound server's implement it; nothing of the protocol itself is here.
"""

from collections.abc import Awaitable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from postlude.adapters.smtp_server.commands import Command
from postlude.adapters.smtp_server.incoming import IncomingMail, ReceivedMail
from postlude.kit.message_buffers import BufferReservation

if TYPE_CHECKING:
    from postlude.adapters.smtp_server.session import SmtpServerSession


@dataclass
class SmtpTransaction:
    """The transaction under way."""

    mail_from: str
    envid: str
    utf8: bool
    ret: str = ""
    recipients: list[str] = field(default_factory=list)
    dsn: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Recipient -> (NOTIFY, ORCPT), for recipients with these parameters."""
    received: IncomingMail | None = None
    """What came by BDAT so far; None before the first one."""
    place: BufferReservation | None = None
    """What it takes of the memory for messages."""


class Authenticate(Protocol):
    """Checks a login that a client gave with AUTH."""

    def __call__(self, login: str, password: str, /) -> Awaitable[str | None]:
        """The reply that refuses it; None when it is right."""
        ...


class SmtpPolicy(Protocol):
    """Decides on one connection. A refusal is a complete SMTP reply; None lets it pass."""

    @property
    def login(self) -> Authenticate | None:
        """Checks passwords; None: no logins."""
        ...

    async def trusted(self) -> bool:
        """Whether this connection needs no login; asked where logins are offered."""
        ...

    async def mail(self, command: Command) -> str | None:
        """MAIL."""
        ...

    async def rcpt(self, transaction: SmtpTransaction, command: Command) -> str | None:
        """RCPT."""
        ...

    async def message(self, transaction: SmtpTransaction, mail: ReceivedMail, /) -> str:
        """Store the message and return the reply."""
        ...


class SessionPolicyOf(Protocol):
    """Makes the policy of one session: the relay's or the inbound server's."""

    def __call__(self, session: "SmtpServerSession", /) -> SmtpPolicy:
        """The policy that answers MAIL, RCPT and DATA of this session."""
        ...
