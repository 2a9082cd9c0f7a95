"""Observations: raw things that were seen, never edited. The journal stores exactly these."""

from typing import Any, Final, Union, get_args

import msgspec

from postlude.model.words import HitEndpoint, SendOutcome, Via


class Hit(msgspec.Struct, frozen=True, gc=False, tag="hit", array_like=True):
    """One HTTP request at the edge that carried a valid token."""

    at: int
    """Microseconds since the epoch."""
    endpoint: HitEndpoint
    kind: int
    """`tokens.Kind` of the token."""
    message: int
    """Message id (single mail) or campaign id."""
    copy: int
    position: int
    """Link position, -1 where the endpoint has none."""
    method: str
    user_agent: str
    address: str
    """In the form the privacy setting allows: full, truncated, hashed or empty."""
    headers: dict[str, str]
    """The few headers verdicts need, names lower-cased: purpose, sec-purpose, accept, accept-language, referer ..."""
    facts: dict[str, str]
    """What had to be evaluated at once: network, apple_egress, lists_date, rate, line (`TLSv1.3`, `proxied`) ..."""


class RawHit(msgspec.Struct, frozen=True, gc=False, tag="hit", array_like=True):
    """A Hit with its two maps left as they were encoded: nothing is built that the digest knows already.

    Two of them with the same bytes there, user agent, method and endpoint are judged alike.
    """

    at: int
    endpoint: str
    kind: int
    message: int
    copy: int
    position: int
    method: str
    user_agent: str
    address: str
    headers: msgspec.Raw
    facts: msgspec.Raw


class Submitted(msgspec.Struct, frozen=True, gc=False, tag="submitted", array_like=True):
    """A message was accepted for sending; its bytes are in the spool under `message`."""

    at: int
    message: int
    user: int
    via: Via
    mail_from: str
    recipients: tuple[str, ...]
    envid: str = ""
    ret: str = ""
    """DSN RET, `FULL` or `HDRS` (RFC 3461 4.3), empty when the client did not set it."""
    dsn: dict[str, tuple[str, str]] = {}
    """Recipient -> (NOTIFY, ORCPT) as the client gave them, for those it gave them for."""
    checksum: str = ""
    """Of the bytes in the spool (`journal.checksum`); empty from versions that kept none."""
    purpose: str = ""
    """A `MessagePurpose`; empty where neither the message nor its login gives one."""


class Attempt(msgspec.Struct, frozen=True, gc=False, tag="attempt", array_like=True):
    """One attempt to hand one copy to the next server, with its literal answer."""

    at: int
    message: int
    copy: int
    outcome: SendOutcome
    code: int
    """SMTP reply code, 0 when the server gave none."""
    enhanced: str
    """Enhanced status code (RFC 3463), empty when absent."""
    text: str
    server: str
    phase: str
    """connect, tls, auth, mail, rcpt, data, end-of-data or sandbox."""
    attempt: int
    retry_at: int = 0
    """When it is tried again (DEFERRED), else 0."""
    remote_id: str = ""
    """The id that the next server gave the message, if its answer contains one."""
    untracked: str = ""
    """Why the copy left without the tracking that was wanted; empty when nothing went wrong."""
    tracked: int = -1
    """What of the copy can be seen (`Tracked`); -1: not told, as before there was this field."""


class AttemptStarted(msgspec.Struct, frozen=True, gc=False, tag="begun", array_like=True):
    """These claimed copies are about to be handed over: durable before their first byte is sent.

    A worker claims a campaign's copies by the hundred; this names the few that may have been sent when it dies.
    Journals have called it "begun" from the start, and go on to.
    """

    at: int
    copies: tuple[int, ...]
    generation: int = 0
    """Of the state that let them be claimed: one that has a lower one when this is read was put back meanwhile."""


class WorkerStarted(msgspec.Struct, frozen=True, gc=False, tag="worker", array_like=True):
    """A worker is about to claim its first copies: durable in its own journal before it does.

    Where this is missing, the journal is not the one that the worker wrote: all that it had claimed may have left.
    """

    at: int
    worker: int
    """Its id in the state."""


class Returned(msgspec.Struct, frozen=True, gc=False, tag="returned", array_like=True):
    """A returned mail arrived on an inbound channel; its bytes are in the spool under `mail`."""

    at: int
    mail: int
    channel: str
    """smtp, imap:ACCOUNT, sandbox ..."""
    mail_from: str
    rcpt_to: str
    checksum: str = ""
    """Of the bytes in the spool (`journal.checksum`); empty from versions that kept none."""


class Webhook(msgspec.Struct, frozen=True, gc=False, tag="webhook", array_like=True):
    """A provider called; headers and body as they came, signature not yet judged."""

    at: int
    provider: str
    headers: dict[str, str]
    body: bytes


class Resolved(msgspec.Struct, frozen=True, gc=False, tag="resolved", array_like=True):
    """A user assigned an unmatched finding to a copy, or dismissed it."""

    at: int
    unmatched: int
    copy: int
    """0: dismissed."""
    user: int = 0


class Resend(msgspec.Struct, frozen=True, gc=False, tag="resend", array_like=True):
    """A user asked for a copy to be sent again, although it may have arrived or was refused."""

    at: int
    message: int
    copy: int


Observation = Hit | Submitted | WorkerStarted | AttemptStarted | Attempt | Returned | Webhook | Resolved | Resend

_encoder: Final = msgspec.msgpack.Encoder()
_decoder: Final[msgspec.msgpack.Decoder[Observation]] = msgspec.msgpack.Decoder(Observation)
_others = tuple(kind for kind in get_args(Observation) if kind is not Hit)
_quick: Final[msgspec.msgpack.Decoder[Any]] = msgspec.msgpack.Decoder(Union[(RawHit, *_others)])
_FREQUENT: Final = frozenset({HitEndpoint.PIXEL.value, HitEndpoint.LINK.value})


def encode_observation(observation: Observation) -> bytes:
    """Bytes for the journal. Fields are only ever added at a struct's end, with a default."""
    return _encoder.encode(observation)


def decode_observation(data: bytes | memoryview) -> Observation:
    """Read `encode_observation` back; raises msgspec.DecodeError for anything else."""
    return _decoder.decode(data)


def decode_quick(data: bytes) -> Observation | RawHit:
    """As `decode_observation`, except that hits on pixels and links come as RawHit."""
    seen: Observation | RawHit = _quick.decode(data)
    if seen.__class__ is RawHit and seen.endpoint not in _FREQUENT:
        return _decoder.decode(data)
    return seen
