"""Mail of the server to its users: a link to set a password. Never tracked, and the same answer for every address."""

import asyncio
import logging
from collections.abc import Awaitable
from email.message import EmailMessage
from email.policy import SMTP
from typing import Final, NamedTuple, Protocol

from postlude.compose.header import addressed
from postlude.kit.clock import Clock
from postlude.kit.sliding_limit import SlidingLimit
from postlude.mail.purpose import PURPOSE_FIELD
from postlude.model.domain_name import address_key
from postlude.model.errors import PostludeError
from postlude.model.words import MessagePurpose
from postlude.services.accounts.one_time_links import LinkPurpose, forget_links, make_link
from postlude.services.accounts.sign_in import HOUR_S, network_of
from postlude.store import Store, User

RESET_SECONDS: Final = 3600
INVITATION_SECONDS: Final = 7 * 86_400
_MAILS_OF_ADDRESS: Final = 3  # an hour
_MAILS_OF_NETWORK: Final = 30
_PLACES: Final = 10_000
_log: Final = logging.getLogger(__name__)

_RESET: Final = """Hello,

a new password for {address} was asked for at
{web}

Set it here, once and within one hour:

{url}

If that was not you, do nothing: your password stays as it is.
"""

_INVITATION: Final = """Hello,

{inviter} invites you to Postlude at
{web}

Set a password here, once and within seven days:

{url}

You sign in with {address} and that password.
"""


class AccountMail(NamedTuple):
    """A mail of the server to one of its users, ready to be accepted."""

    user: int
    mail_from: str
    recipient: str
    raw: bytes


class SendAccountMail(Protocol):
    """Accepts a mail of the server, counted against no quota."""

    def __call__(self, mail: AccountMail, /) -> Awaitable[object]:
        """Return when it is durable; PostludeError."""
        ...


def password_link(store: Store, clock: Clock, user: User, web: str, seconds: int) -> str:
    """The URL where `user` sets a password, once; earlier ones end."""
    forget_links(store, user, LinkPurpose.PASSWORD)
    return f"{web}/password/{make_link(store, clock, LinkPurpose.PASSWORD, user, seconds)}"


def invitation_mail(store: Store, clock: Clock, user: User, inviter: User, web: str) -> AccountMail:
    """The mail that invites `user`."""
    url = password_link(store, clock, user, web, INVITATION_SECONDS)
    by = f"{inviter.name} ({inviter.address})" if inviter.name else inviter.address
    text = _INVITATION.format(inviter=by, web=web, url=url, address=user.address)
    return _mail(store, user, "Your invitation to Postlude", text)


def _reset_mail(store: Store, clock: Clock, user: User, web: str) -> AccountMail:
    url = password_link(store, clock, user, web, RESET_SECONDS)
    return _mail(store, user, "A new password for Postlude", _RESET.format(web=web, url=url, address=user.address))


def _mail(store: Store, user: User, subject: str, text: str) -> AccountMail:
    """Belongs to who gets it: in the list of sent mail only they see it, and the link in it."""
    sender = store.accounts.first_user() or user
    message = EmailMessage(policy=SMTP)
    message["Subject"] = subject
    message["Auto-Submitted"] = "auto-generated"
    message[PURPOSE_FIELD] = MessagePurpose.TRANSACTIONAL.value
    message["X-Postlude-Opens"] = message["X-Postlude-Clicks"] = message["X-Postlude-Text"] = "off"
    message["X-Postlude-Unsubscribe"] = message["X-Postlude-View"] = "off"
    message.set_content(text)
    head = addressed("From", ("Postlude", sender.address)) + addressed("To", (user.name, user.address))
    return AccountMail(user.id, sender.address, user.address, head + message.as_bytes())


class PasswordResets:
    """Sends links for a new password. Whether there is such an account shows in no answer and in no time."""

    def __init__(self, store: Store, clock: Clock, web: str, send: SendAccountMail) -> None:
        """`web` is the web app's public URL: never one that a request names."""
        self._store: Final = store
        self._clock: Final = clock
        self._web: Final = web
        self._send: Final = send
        self._addresses: Final = SlidingLimit(_MAILS_OF_ADDRESS, HOUR_S, _PLACES)
        self._networks: Final = SlidingLimit(_MAILS_OF_NETWORK, HOUR_S, _PLACES)
        self._running: Final[set[asyncio.Task[None]]] = set()

    def ask(self, address: str, peer: str) -> bool:
        """Begin to send a link, beside the answer; False when the network asked too often. Call it on the loop."""
        now = self._clock.now()
        if not self._networks.take(network_of(peer), now):
            return False
        if self._addresses.take(address_key(address.strip()), now):
            task = asyncio.create_task(self._work(address.strip()), name="password link")
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        return True

    async def settled(self) -> None:
        """Return when all links asked for so far are sent."""
        await asyncio.gather(*self._running)

    async def _work(self, address: str) -> None:
        try:
            mail = await asyncio.to_thread(self._mail_for, address)
            if mail is not None:
                await self._send(mail)
        except PostludeError as error:
            _log.error("a link for a new password could not be sent: %s", error)

    def _mail_for(self, address: str) -> AccountMail | None:
        user = self._store.accounts.user_by_address(address)
        if user is None or user.disabled_at is not None:
            return None
        return _reset_mail(self._store, self._clock, user, self._web)
