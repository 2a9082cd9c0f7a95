"""Messages, copies and what is known of them, as plain data."""

from enum import StrEnum
from typing import NamedTuple

import msgspec

from postlude.model.words import CopyStatus, MessagePurpose, SendOutcome, TopicPart, TopicSource, Via
from postlude.store.folds import Earliest, Latest, OwnText, OwnTime, Sum


class JournalState(StrEnum):
    """Whether the journal that a worker's attempts are in is the one it wrote, and whole."""

    UNREAD = "unread"  # its start has not been digested
    READ = "read"
    BROKEN = "broken"  # records may be missing from it


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
    checksum: str = ""
    """Checksum of its bytes in the spool; empty when it was accepted by a version without checksums."""
    purpose: MessagePurpose = MessagePurpose.PERSONAL


class StoredChecksum(NamedTuple):
    """What the spooled bytes of one message must be."""

    message: int
    checksum: str
    waits: bool
    """Whether copies of it have to be sent still."""


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
    tracked: int | None = None
    """What of it can be seen (`Tracked`); None: it has not left, or what its message says holds."""


class Alias(msgspec.Struct, frozen=True):
    """Another Message-ID under which a message, or one copy of it, is known outside."""

    message_id: str
    message: int
    copy: int = 0
    """0: every copy of the message."""


class MessageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What was found by looking at a message (`mail.content_look`)."""

    words: int
    links: int
    images: int
    designed: bool
    question: bool
    emoji: bool
    personalised: bool
    attachments: tuple[str, ...] = ()
    """Families of files."""


class MessageTopic(msgspec.Struct, frozen=True):
    """What a message is about."""

    name: str
    source: TopicSource
    rule: int = 0
    """Which rule gave it; 0: none did."""


class TopicRule(msgspec.Struct, frozen=True, kw_only=True):
    """Gives a topic to a user's messages that hold a text."""

    id: int
    user: int
    topic: str
    part: TopicPart
    holds: str
    """In any case."""


class Submission(msgspec.Struct, frozen=True):
    """All rows of one accepted message. Taking it again changes nothing."""

    message: Message
    links: tuple[Link, ...]
    copies: tuple[Copy, ...]
    content: MessageContent | None = None
    """None: it was not looked at."""
    topics: tuple[str, ...] = ()
    """From its campaign."""


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
    sender: str = ""
    """The From address."""
    created_at: int = 0
    """When the message was accepted, or its campaign scheduled."""
    indeterminate: int = 0
    """How many attempts before ended so."""
    size: int = 0
    """Bytes of the message as it was handed in."""
    generation: int = 0
    """Generation of the state in which it was claimed."""


class AttemptResult(msgspec.Struct, frozen=True, gc=False):
    """The effect of one attempt on the copy's row."""

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
    tracked: int = -1
    """What of the copy can be seen (`Tracked`); -1: not told."""


class Activity(msgspec.Struct, frozen=True, kw_only=True):
    """The projection of one copy: what its events add up to. Table and merging derive from it."""

    copy: int
    message: int
    opens: Sum = 0
    opens_unknown: Sum = 0
    opens_machine: Sum = 0
    first_open_at: Earliest = None
    last_open_at: Latest = None
    clicks: Sum = 0
    clicks_machine: Sum = 0
    clicks_unknown: Sum = 0
    first_click_at: Earliest = None
    last_click_at: Latest = None
    delivered_at: OwnTime = None
    delivered_how: OwnText = ""
    """`accepted`, `confirmed`, `implied` or empty."""
    bounced_at: Earliest = None
    bounce_reason: OwnText = ""
    complained_at: Earliest = None
    unsubscribed_at: Earliest = None
    replied_at: Earliest = None
    autoresponded_at: Earliest = None
    displayed_at: Earliest = None
    last_event_at: Latest = None


class LinkActivity(msgspec.Struct, frozen=True):
    """The projection of one link."""

    message: int
    position: int
    clicks: Sum = 0
    clicks_machine: Sum = 0
    clicks_unknown: Sum = 0
    last_at: Latest = None


class MessageTotals(msgspec.Struct, frozen=True, kw_only=True):
    """Totals over the copies of one message."""

    message: int
    copies: int = 0
    queued: int = 0
    sent: int = 0
    failed: int = 0
    opened: int = 0
    clicked: int = 0
    replied: int = 0
    last_open_at: int | None = None


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """A message that a program hands in under a name of its own, so that it can repeat the call."""

    user: int
    name: str
    body: bytes
    """Hash of what was handed in."""
    message: int
    at: int
    answer: dict[str, str] | None = None
    """What the program was answered; None: nothing yet."""
