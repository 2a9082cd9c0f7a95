"""Integrity of the store, as plain data."""

import msgspec


class Incident(msgspec.Struct, frozen=True):
    """Something that was found damaged, missing or older than the rest."""

    key: str
    """The same thing has the same key, whenever it is found."""
    at: int
    kind: str
    text: str
    """For people: what it is, what is lost, what to do."""
    writer: str = ""
    """The journal it is about; empty when it is about something else."""
    seen_at: int | None = None
    """When it was marked as read."""


class PausedMail(msgspec.Struct, frozen=True):
    """Mail that waits while sending is paused, for the operator's decision."""

    waiting: int
    """Copies of single messages that would be sent."""
    uncertain: int
    """Of these, those accepted before sending was paused: they may have been sent already, if a sender's journal is
    damaged.
    """
    campaigns: tuple[tuple[int, str, int], ...]
    """(id, name, copies of it that are known to have left and that this state knows nothing about)."""
