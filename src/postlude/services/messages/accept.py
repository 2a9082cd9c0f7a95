"""Accept a message: its bytes and its observation are durable before the client gets an answer.

Small imports only: the relay's process loads neither stores nor instrumenting.
"""

import asyncio
import re
from collections.abc import Awaitable, Mapping, Sequence
from contextlib import suppress
from email.utils import format_datetime
from typing import Final, NamedTuple, Protocol

import msgspec

from postlude.journal import Spool, checksum
from postlude.kit.clock import Clock, to_datetime
from postlude.kit.ids import id_text, new_id
from postlude.mail.header_block import HeaderBlock
from postlude.mail.limits import ADDRESSES, LARGE, head_refusal
from postlude.mail.purpose import purpose_of
from postlude.model.domain_name import same_domain
from postlude.model.errors import InputError, StorageError
from postlude.model.observation import Submitted, encode_observation
from postlude.model.quota import TakeBack
from postlude.model.words import Via
from postlude.services.ports import Append

MAX_RECIPIENTS: Final = ADDRESSES  # of one message; a mailing has one message per contact
_DOMAIN: Final = re.compile(r"[a-z0-9_-]+(?:\.[a-z0-9_-]+)*")
_PAIR: Final = re.compile(rb"\r\n")
_NEWLINE: Final = re.compile(rb"\r\n|\r|\n")


class Dsn(NamedTuple):
    """What a client asked of delivery reports (RFC 3461)."""

    envid: str = ""
    ret: str = ""
    recipients: Mapping[str, tuple[str, str]] = {}
    """Recipient -> (NOTIFY, ORCPT); recipients without these parameters may be missing."""


NO_DSN: Final = Dsn()


class CountMessage(Protocol):
    """Counts a message against the quota of who sends it."""

    def __call__(self, recipients: int, /) -> TakeBack:
        """QuotaError when a message to so many recipients is too much."""
        ...


class NewMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message as it is handed in: by the relay, the web app or the command line."""

    user: int
    """Who sends it."""
    via: Via
    mail_from: str
    """Envelope sender; empty for the null reverse-path."""
    recipients: Sequence[str]
    """Envelope recipients; an address that is named twice counts once."""
    raw: bytes
    """With any line ends; Date and Message-ID may be missing."""
    rest: Sequence[bytes] = ()
    """Pieces behind `raw`, which then has CRLF line ends and its whole header, and so have they: of a large message."""
    dsn: Dsn = NO_DSN
    purpose: str = ""
    """The `MessagePurpose` of a message that names none; empty to tell it by what mailings carry."""
    message: int = 0
    """Its id, of one that may be handed in again; 0: a new one."""
    at: int = 0
    """When it was handed in first: the same id and time make the same bytes; 0: now."""


class Submit(Protocol):
    """Accepts mail of the web app and of programs, counted against its user's quota."""

    def __call__(self, new: NewMessage, /) -> Awaitable[int]:
        """Return the message id when the message is durable; InputError, QuotaError, StorageError."""
        ...


async def accept(
    journal_append: Append,
    spool: Spool,
    clock: Clock,
    new: NewMessage,
    *,
    host: str = "localhost",
    count: CountMessage | None = None,
    append_large: Append | None = None,
) -> int:
    """Store one message for sending; returns its id when its bytes and its observation are both durable.

    `host` is this server's name, for the Message-ID of a message whose From has no domain; `count` the quota of who
    sends it, None where nothing is counted: of mail that the server itself owes. `append_large`: the journal of large
    messages, so that the others do not wait with them until they are read.

    The bytes are written first: an observation without its mail could not be processed. A crash between the two leaves
    an orphan spool file; the client got no 250 and sends again. Raises InputError for a message that cannot be sent or
    that is over the quota, and StorageError when the disk refused; then nothing was accepted, and nothing counted.
    """
    refused = list[TakeBack]()

    def put() -> tuple[Submitted, int]:
        submitted, data = prepare(clock, new, host)
        pieces = data, *new.rest
        if count is not None:
            refused.append(count(len(submitted.recipients)))
        spool.put(submitted.message, *pieces)
        return msgspec.structs.replace(submitted, checksum=checksum(*pieces)), sum(map(len, pieces))

    try:
        submitted, size = await asyncio.to_thread(put)
        append = append_large if append_large is not None and size > LARGE else journal_append
        await append(encode_observation(submitted))
    except StorageError:
        for take_back in refused:
            with suppress(StorageError):  # the disk may refuse that as well
                await asyncio.to_thread(take_back)
        raise
    return submitted.message


def prepare(clock: Clock, new: NewMessage, host: str) -> tuple[Submitted, bytes]:
    """The observation, and the bytes to store for it, but for `new.rest`."""
    unique, dsn = tuple(dict.fromkeys(new.recipients)), new.dsn
    if not unique:
        raise InputError("the message has no recipient; name at least one in To, Cc or Bcc")
    if len(unique) > MAX_RECIPIENTS:
        raise InputError(f"{len(unique)} recipients, at most {MAX_RECIPIENTS} in one message; send it in parts")
    message, now = new.message or new_id(), new.at or clock.now()
    data = completed(new.raw, message, now, host)
    reported = purpose_of(HeaderBlock(data), new.purpose) or ""
    submitted = Submitted(
        now,
        message,
        new.user,
        new.via,
        new.mail_from,
        unique,
        dsn.envid,
        dsn.ret,
        dict(dsn.recipients),
        purpose=str(reported),
    )
    return submitted, data


def completed(raw: bytes, message: int, now: int, host: str = "localhost") -> bytes:
    """`raw` ready to send: CRLF, Date and Message-ID (RFC 6409 section 8); InputError if it is not mail."""
    if refusal := head_refusal(raw):
        raise InputError(refusal)
    data = with_crlf(raw)
    head = HeaderBlock(data)
    if not head.complete or not head.fields:
        raise InputError(
            "this is not a message: there is no empty line between headers and body. Give a complete .eml file"
        )
    senders = head.addresses("from")
    if not senders:
        raise InputError("the message has no From address; add a From header")
    missing = b""
    if not head.first("message-id"):
        missing += f"Message-ID: <{id_text(message)}@{_id_domain(senders[0], host)}>\r\n".encode()
    if not head.first("date"):
        missing += f"Date: {format_datetime(to_datetime(now))}\r\n".encode()
    return data[: head.end] + missing + data[head.end :]


def _id_domain(sender: str, host: str) -> str:
    """The sender's domain, where there is one: `root (Cron Daemon)` names none."""
    domain = same_domain(sender.partition("@")[2] and sender.rpartition("@")[2])
    return domain if _DOMAIN.fullmatch(domain) else host


def with_crlf(raw: bytes) -> bytes:
    """Every line end as CRLF; unchanged when they are already."""
    return raw if only_crlf(raw) else _NEWLINE.sub(b"\r\n", raw)


def only_crlf(raw: bytes) -> bool:
    """Whether every CR and every LF is one half of a CR LF."""
    # The expression finds pairs three times as fast as bytes.count does (measured on Python 3.11).
    return raw.count(b"\n") == raw.count(b"\r") == len(_PAIR.findall(raw))
