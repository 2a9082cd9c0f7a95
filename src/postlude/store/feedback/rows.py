"""Feedback that needs a person, as plain data."""

import msgspec


class Unmatched(msgspec.Struct, frozen=True, rename={"channel": "door"}):
    """One finding that counts for no copy until a user assigns or dismisses it."""

    id: int
    at: int
    mail: int
    """Id of its mail in the spool; 0 for a provider's call."""
    reason: str
    summary: str = ""
    kind: str = ""
    """Its kind: `bounced`, `replied` ... (`FindingKind`)."""
    copy: int = 0
    """The copy it is linked or assigned to; 0: none."""
    channel: str = ""
    """The channel it arrived on: `smtp`, `imap:ACCOUNT`, `provider:NAME`. Its column has always been called `door`."""
    facts: dict[str, str] = {}
    state: str = "open"
    """`open`, `assigned` or `dismissed`."""
    handled_at: int | None = None
    handled_by: int = 0
    address: str | None = None
    """The address whose mailings wait for the decision (as `lookup_key` has it); only for wishes to leave."""


class Resolution(msgspec.Struct, frozen=True, gc=False):
    """A user's decision about an unmatched finding; copy 0: dismissed."""

    unmatched: int
    copy: int
    at: int
    user: int


class QuarantinedRecord(msgspec.Struct, frozen=True):
    """A journal record that could not be digested."""

    writer: int
    segment: int
    offset: int
    at: int
    reason: str
    data: bytes
    waiting: bool = False
    """It can be digested later: something is missing that may still arrive."""
