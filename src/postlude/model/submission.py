"""A submitted message taken apart: the rows of state it becomes. Pure data, the same on every replay."""

import msgspec

from postlude.model.event import Event
from postlude.model.words import CopyStatus, Via


class NewMessage(msgspec.Struct, frozen=True):
    """What a sender composed, once."""

    id: int
    user: int
    message_id: str
    """The Message-ID header's value with its angle brackets, empty when there is none."""
    subject: str
    """Decoded, one line."""
    sender: str
    """Address of the From header."""
    mail_from: str
    via: Via
    created_at: int
    size: int
    opens: bool
    clicks: bool
    envid: str = ""
    untracked: str = ""
    """Why the message leaves without tracking although the sender wanted it; empty when it does not."""


class NewLink(msgspec.Struct, frozen=True):
    """One position in the message."""

    message: int
    position: int
    url: str
    label: str
    tracked: bool
    reason: str


class NewCopy(msgspec.Struct, frozen=True):
    """The message as it goes to one recipient."""

    id: int
    message: int
    recipient: str
    status: CopyStatus = CopyStatus.QUEUED


class Submission(msgspec.Struct, frozen=True):
    """Everything one Submitted observation means."""

    message: NewMessage
    links: tuple[NewLink, ...]
    copies: tuple[NewCopy, ...]
    events: tuple[Event, ...]
