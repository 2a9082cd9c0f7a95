"""The inbound server's policy: accepts mail to signed addresses of ours only."""

import asyncio
from typing import Final

from postlude.adapters.smtp_server.commands import Command
from postlude.adapters.smtp_server.incoming import ReceivedMail
from postlude.adapters.smtp_server.policy import SmtpTransaction
from postlude.adapters.smtp_server.session import SmtpServerSession
from postlude.inbound.allowance import Allowance
from postlude.inbound.config import RecipientAllowed
from postlude.journal import Spool, checksum
from postlude.kit.clock import Clock
from postlude.kit.ids import id_text, new_id
from postlude.mail.header_block import HeaderBlock
from postlude.model.observation import Returned, encode_observation
from postlude.services.ports import Append
from postlude.tokens import TagPurpose, TokenCodec

_MAX_HOPS: Final = 100  # RFC 5321 6.3
_PURPOSES: Final = {"bounce": TagPurpose.BOUNCE, "r": TagPurpose.REPLY, "u": TagPurpose.UNSUBSCRIBE}


_SPENT: Final = "452 4.7.1 Too much mail came for this address within a day; nothing was accepted, try again later"


def tagged_copy(codec: TokenCodec, address: str) -> int | None:
    """The copy of `bounce+TAG`, `r+TAG` or `u+TAG` whose tag verifies for that purpose; None of anything else."""
    name, plus, tag = address.rpartition("@")[0].partition("+")
    purpose = _PURPOSES.get(name.lower())
    return codec.read_tag(purpose, tag) if plus and purpose is not None else None


class InboundPolicy:
    """The policy of one connection."""

    def __init__(  # noqa: PLR0917 - plain data
        self,
        session: SmtpServerSession,
        codec: TokenCodec,
        allowed: RecipientAllowed,
        append: Append,
        spool: Spool,
        clock: Clock,
        name: str,
        allowance: Allowance,
    ) -> None:
        self._session = session
        self._codec = codec
        self._allowed = allowed
        self._append = append
        self._spool = spool
        self._clock = clock
        self._name = name
        self._allowance = allowance

    login = None

    async def trusted(self) -> bool:
        """No login is offered: only the tag in the recipient's address counts."""
        return True

    async def mail(self, command: Command) -> str | None:
        """Any sender is accepted; RCPT decides."""
        del command
        return None

    async def rcpt(self, transaction: SmtpTransaction, command: Command) -> str | None:
        """The tag verifies, or the address is allowed without one."""
        del transaction
        copy = tagged_copy(self._codec, command.address)
        if copy is not None:
            return _SPENT if self._allowance.is_spent(copy) else None
        if self._allowed(command.address):
            return None
        return "550 5.1.1 No such address here: only answers to mail sent from here are taken"

    async def message(self, transaction: SmtpTransaction, received: ReceivedMail) -> str:
        """Durable in spool and journal, one observation per recipient, before the answer 250."""
        head = await asyncio.to_thread(HeaderBlock, received.beginning)
        if len(head.all("received")) > _MAX_HOPS:
            return f"554 5.4.6 The message came through more than {_MAX_HOPS} servers: it goes round in a circle"
        copies = {copy for each in transaction.recipients if (copy := tagged_copy(self._codec, each)) is not None}
        if not all(self._allowance.take(copy, received.size) for copy in copies):
            return _SPENT
        mail, now = new_id(), self._clock.now()
        kept = await asyncio.to_thread(self._keep, mail, received)
        await asyncio.gather(
            *(
                self._append(
                    encode_observation(Returned(now, mail, self._name, transaction.mail_from, recipient, kept))
                )
                for recipient in dict.fromkeys(transaction.recipients)
            )
        )
        return f"250 2.0.0 OK: taken as {id_text(mail)}"

    def _keep(self, mail: int, received: ReceivedMail) -> str:
        pieces = received.beginning, *received.rest
        self._spool.put(mail, *pieces)
        return checksum(*pieces)
