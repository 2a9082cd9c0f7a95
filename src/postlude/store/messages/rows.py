"""What the store takes and gives: plain data, one struct a table."""

from array import array  # noqa: TC003 - what a NamedTuple says it holds, also at run time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from postlude.model.event import Event
from postlude.model.words import CopyStatus, SendOutcome, Via


class User(msgspec.Struct, frozen=True):
    """Somebody who sends mail through this server."""

    id: int
    address: str
    name: str = ""
    senders: tuple[str, ...] = ()
    """Further From addresses of this login: exact ones or patterns such as `*@example.org`."""
    created_at: int = 0
    limits: dict[str, int] | None = None
    """What differs from the limits in the settings: `recipients_per_day` ... -> number, 0 for none."""


class AppPassword(msgspec.Struct, frozen=True):
    """A password made by us for one program; only its hash is stored."""

    id: int
    user: int
    label: str
    created_at: int
    last_used_at: int | None = None


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a sender composed, once."""

    id: int
    user: int
    message_id: str
    """The Message-ID header without angle brackets; empty when there is none."""
    subject: str
    sender: str
    """The From address."""
    mail_from: str
    via: Via
    created_at: int
    size: int = 0
    opens: bool = True
    """Whether the message carries a pixel."""
    clicks: bool = True
    """Whether its links are tracked."""
    envid: str = ""
    ret: str = ""
    """DSN RET as the client asked, `FULL` or `HDRS`."""
    untracked: str = ""
    """Why the message left without tracking although the sender wanted it."""


class Link(msgspec.Struct, frozen=True):
    """One position in a message."""

    message: int
    position: int
    url: str
    label: str = ""
    tracked: bool = True
    reason: str = ""


class Copy(msgspec.Struct, frozen=True):
    """The message as sent to one recipient."""

    id: int
    message: int
    recipient: str
    status: CopyStatus = CopyStatus.QUEUED
    attempts: int = 0
    next_attempt_at: int | None = None
    code: int = 0
    enhanced: str = ""
    text: str = ""
    server: str = ""
    remote_id: str = ""
    sent_at: int | None = None
    contact: int | None = None
    list: int | None = None
    """Which membership its unsubscribe link ends; None: it suppresses the address."""
    notify: str = ""
    """DSN NOTIFY as the client asked (RFC 3461 4.1)."""
    orcpt: str = ""


class Alias(msgspec.Struct, frozen=True):
    """Another Message-ID under which a message, or one copy of it, is known outside."""

    message_id: str
    message: int
    copy: int = 0
    """0: every copy of the message."""


class Submission(msgspec.Struct, frozen=True):
    """All rows of one accepted message. Taking it again changes nothing."""

    message: Message
    links: tuple[Link, ...]
    copies: tuple[Copy, ...]


class Claim(msgspec.Struct, frozen=True):
    """A copy that this process, and no other, may hand over now."""

    copy: int
    message: int
    recipient: str
    attempt: int
    """1 for the first."""
    user: int
    mail_from: str
    envid: str = ""
    ret: str = ""
    notify: str = ""
    orcpt: str = ""


class AttemptResult(msgspec.Struct, frozen=True, gc=False):
    """What one attempt means for the copy's row."""

    copy: int
    outcome: SendOutcome
    at: int
    attempt: int
    code: int = 0
    enhanced: str = ""
    text: str = ""
    server: str = ""
    retry_at: int = 0
    remote_id: str = ""
    message: int = 0


class Suppression(msgspec.Struct, frozen=True):
    """An address that must not be mailed, and why."""

    address: str
    reason: str
    """`unsubscribed`, `complained`, `unknown_user`, `manual` ..."""
    evidence: str = ""
    copy: int | None = None
    at: int = 0
    by: str = ""
    """Who put it there by hand or by import."""


class CopySuppression(msgspec.Struct, frozen=True, gc=False):
    """Suppress the address a copy went to."""

    copy: int
    reason: str
    evidence: str
    at: int


class Unmatched(msgspec.Struct, frozen=True):
    """One statement of what came back that counts for no copy, until a person ties or dismisses it."""

    id: int
    at: int
    mail: int
    """Where its mail lies in the spool; 0 for a provider's call."""
    reason: str
    summary: str = ""
    kind: str = ""
    """What it would be: `bounced`, `replied` ... (`FindingKind`)."""
    copy: int = 0
    """What it is linked to without counting for it, or was tied to; 0: nothing."""
    door: str = ""
    facts: dict[str, str] = {}
    state: str = "open"
    """`open`, `tied` or `dismissed`."""
    handled_at: int | None = None
    handled_by: int = 0


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """What a person decided about something unmatched; copy 0: dismissed."""

    unmatched: int
    copy: int
    at: int
    user: int


class Seen(msgspec.Struct, frozen=True, gc=False):
    """A statement that was counted, so that its repeat is not."""

    fingerprint: bytes
    record: int
    """Id of the journal record that said it first."""
    at: int


class SetAside(msgspec.Struct, frozen=True):
    """A journal record that could not be digested."""

    writer: int
    segment: int
    offset: int
    at: int
    reason: str
    data: bytes
    waiting: bool = False
    """It may be digested later: something is missing that can still come."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The projection of one copy: what its events add up to. Times are None when it never happened."""

    copy: int
    message: int
    opens: int = 0
    opens_unknown: int = 0
    opens_machine: int = 0
    first_open_at: int | None = None
    last_open_at: int | None = None
    clicks: int = 0
    clicks_machine: int = 0
    clicks_unknown: int = 0
    first_click_at: int | None = None
    last_click_at: int | None = None
    delivered_at: int | None = None
    delivered_how: str = ""
    """`accepted`, `confirmed`, `implied` or empty."""
    bounced_at: int | None = None
    bounce_reason: str = ""
    complained_at: int | None = None
    unsubscribed_at: int | None = None
    replied_at: int | None = None
    autoresponded_at: int | None = None
    displayed_at: int | None = None
    last_event_at: int | None = None


class LinkActivity(msgspec.Struct, frozen=True):
    """The projection of one link."""

    message: int
    position: int
    clicks: int = 0
    clicks_machine: int = 0
    clicks_unknown: int = 0
    last_at: int | None = None


class MessageTotals(msgspec.Struct, frozen=True, kw_only=True):
    """What the copies of one message add up to."""

    message: int
    copies: int = 0
    queued: int = 0
    sent: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    last_open_at: int | None = None


class Withdrawal(msgspec.Struct, frozen=True):
    """What a recipient does not want tracked any more."""

    address: str
    opens: bool
    """True: opens are not to be recorded."""
    clicks: bool
    at: int = 0
    evidence: str = ""
    copy: int | None = None
    """The copy whose preferences page was used."""


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What was chosen on the preferences page of one copy; counts for the address it went to."""

    copy: int
    opens: bool
    """May be recorded."""
    clicks: bool
    at: int
    evidence: str
    lists: tuple[tuple[int, bool], ...] = ()
    """Lists joined (True) and left."""


class Confirmation(msgspec.Struct, frozen=True, gc=False):
    """A contact pressed the button of a list's confirmation mail."""

    list: int
    contact: int
    at: int
    evidence: str


class DataRequest(msgspec.Struct, frozen=True):
    """Somebody wants to see what is stored of the address a copy went to."""

    copy: int
    at: int


class OpenRequest(msgspec.Struct, frozen=True):
    """A request that was not answered yet."""

    address: str
    copy: int
    at: int


class LinkChange(msgspec.Struct, frozen=True):
    """A link that leads elsewhere since the mail left, or nowhere (empty url)."""

    kind: int
    """`tokens.Kind` of the copies' tokens."""
    scope: int
    position: int
    url: str
    at: int = 0


class Revocations(NamedTuple):
    """Everything the edge must know of withdrawals and links."""

    opens: "array[int]"
    """Copies whose opens are not recorded, unordered."""
    clicks: "array[int]"
    links: dict[tuple[int, int, int], str]


class Rebuilt(msgspec.Struct, frozen=True):
    """Projections made anew from what the history still holds."""

    copies: Sequence[int]
    """Their rows are replaced by what `events` add up to."""
    events: Sequence[Event]
    """Every event of these copies."""
    messages: Sequence[int]
    """The rows of their links are replaced by `links`."""
    links: Sequence[LinkActivity]


class Batch(msgspec.Struct, kw_only=True):
    """Everything the digest learned from one run of journal records: applied whole or not at all."""

    events: Sequence[Event] = ()
    submissions: Sequence[Submission] = ()
    begun: Sequence[int] = ()
    """Claimed copies that were about to be handed over."""
    attempts: Sequence[AttemptResult] = ()
    resends: Sequence[int] = ()
    """Copies that shall go again, unless they were sent or are on their way."""
    aliases: Sequence[Alias] = ()
    suppress: Sequence[CopySuppression] = ()
    unmatched: Sequence[Unmatched] = ()
    resolutions: Sequence[Resolution] = ()
    seen: Sequence[Seen] = ()
    set_aside: Sequence[SetAside] = ()
    choices: Sequence[Choice] = ()
    requests: Sequence[DataRequest] = ()
    confirmations: Sequence[Confirmation] = ()
    rebuilt: Sequence[Rebuilt] = ()
    outcomes: Mapping[str, int] = {}
    positions: Mapping[int, tuple[int, int]] = {}
    """(segment, offset) by writer: where to read on."""
