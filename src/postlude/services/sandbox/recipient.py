"""Acts as a recipient in the sandbox: each action creates and sends real feedback."""

from collections.abc import Awaitable
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

from postlude.feedback.build import build_autoreply, build_bounce, build_complaint, build_reply
from postlude.kit.clock import Clock
from postlude.mail.header_block import HeaderBlock
from postlude.model.errors import InputError, TransportError

HOST: Final = "mx.postlude.localhost"
"""Name of the sandbox's imaginary server (RFC 6761 6.3: never leaves this machine)."""
ONE_CLICK: Final = b"List-Unsubscribe=One-Click"


class RecipientAction(StrEnum):
    """Actions on a delivered mail."""

    REPLY = "reply"
    BOUNCE = "bounce"
    SPAM = "spam"
    UNSUBSCRIBE = "unsubscribe"
    AWAY = "out-of-office"


class SmtpReceiver(Protocol):
    """Delivers a mail by SMTP."""

    async def deliver(self, mail_from: str, rcpt_to: str, data: bytes) -> str:
        """The server's answer; TransportError when it refused or cannot be reached."""
        ...


class Post(Protocol):
    """Sends a POST as a recipient's browser or mail client would."""

    def __call__(self, url: str, body: bytes, /) -> Awaitable[int]:
        """The status of the answer; TransportError."""
        ...


class Artefact(NamedTuple):
    """The data that an action sent, and the answer."""

    action: RecipientAction
    mail_from: str
    to: str
    """Envelope recipient, or the URL of a POST."""
    raw: bytes
    answer: str

    @property
    def text(self) -> str:
        """The bytes as readable text."""
        return self.raw.decode("utf-8", "replace")


class FeedbackMail(NamedTuple):
    """A mail that comes back to the sender's server."""

    mail_from: str
    """Envelope sender; empty for the null reverse-path."""
    rcpt_to: str
    """Envelope recipient; empty when the original names none."""
    data: bytes


class SandboxRecipient:
    """Acts as any recipient. POSTs go to `edge_url` only: a mail may name any address it likes."""

    def __init__(self, receiver: SmtpReceiver, post: Post, edge_url: str, clock: Clock) -> None:
        self._receiver = receiver
        self._post = post
        self._edge = edge_url.rstrip("/") + "/"
        self._clock = clock

    async def act(
        self, action: RecipientAction, raw: bytes, *, mail_from: str, recipient: str, text: str = ""
    ) -> Artefact:
        """Do it. InputError when the mail does not allow it, TransportError when the other side refused."""
        if action is RecipientAction.UNSUBSCRIBE:
            return await self._unsubscribe(raw)
        mail = build_feedback(action, raw, mail_from=mail_from, recipient=recipient, text=text, at=self._clock.now())
        if not mail.rcpt_to:
            raise InputError("this mail has an empty return path: it cannot bounce")
        return Artefact(action, *mail, await self._receiver.deliver(*mail))

    async def _unsubscribe(self, raw: bytes) -> Artefact:
        url = one_click_url(raw)
        if not url:
            raise InputError("this mail offers no one-click unsubscribing (RFC 8058)")
        if not url.startswith(self._edge):
            raise InputError(f"its unsubscribe URL is not one of this server: {url}")
        status = await self._post(url, ONE_CLICK)
        if status != 200:  # noqa: PLR2004 - RFC 8058 section 3.2: nothing else is a success
            raise TransportError(f"the unsubscribe URL answered {status}, not 200")
        return Artefact(
            RecipientAction.UNSUBSCRIBE, "", url, b"POST " + url.encode() + b"\r\n\r\n" + ONE_CLICK, str(status)
        )


def build_feedback(
    action: RecipientAction, raw: bytes, *, mail_from: str, recipient: str, text: str, at: int
) -> FeedbackMail:
    """What comes back. Reports have a null sender (RFC 5321 4.5.5)."""
    match action:
        case RecipientAction.BOUNCE:
            diagnostic = f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
            data = build_bounce(
                raw,
                recipient=recipient,
                reporting_mta=HOST,
                status="5.1.1",
                diagnostic=diagnostic,
                at=at,
                to=f"<{mail_from}>",
            )
            return FeedbackMail("", mail_from, data)
        case RecipientAction.SPAM:
            data = build_complaint(raw, recipient=recipient, reporting=HOST, at=at, to=f"<{mail_from}>")
            return FeedbackMail(f"feedback@{HOST}", mail_from, data)
        case RecipientAction.AWAY:
            reported = text.strip() or "I am out of the office and read this when I am back."
            data = build_autoreply(raw, sender=recipient, text=reported, at=at, to=f"<{mail_from}>")
            return FeedbackMail("", mail_from, data)
        case _:
            reported = text.strip() or "Thank you, I have got it."
            data = build_reply(raw, sender=recipient, text=reported, at=at)
            return FeedbackMail(recipient, _reply_address(raw), data)


def one_click_url(raw: bytes) -> str:
    """The http URL of List-Unsubscribe when the mail allows one-click unsubscribing, else ""."""
    head = HeaderBlock(raw)
    if "one-click" not in head.first("list-unsubscribe-post").lower():
        return ""
    entries = "".join(head.first("list-unsubscribe").split()).split(",")
    urls = [entry.strip("<>") for entry in entries]
    return next((url for url in urls if url.startswith(("https://", "http://"))), "")


def _reply_address(raw: bytes) -> str:
    head = HeaderBlock(raw)
    return next(iter(head.addresses("reply-to") or head.addresses("from")), "")
