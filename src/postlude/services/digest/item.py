"""One journal record on its way through the digest: what it turned out to mean."""

from collections.abc import Callable
from enum import StrEnum
from hashlib import blake2b
from typing import Final

import msgspec

from postlude.journal import JournalRecord, Position
from postlude.model.errors import InUseError, SettingError, StorageError
from postlude.model.event import Event
from postlude.model.observation import Observation, RawHit
from postlude.store import (
    Alias,
    AttemptResult,
    Confirmation,
    CopySuppression,
    CountedStatement,
    DataRequest,
    PreferenceChoice,
    Resolution,
    Submission,
    Unmatched,
)

_OWN_ORDINALS: Final = 15
_MASK: Final = (1 << 63) - 1


class RecordOutcome(StrEnum):
    """Outcome of one journal record. Every record has exactly one; the totals are in the state."""

    SUBMITTED = "submitted"
    WORKER_STARTED = "worker_started"  # a worker before its first claim
    ATTEMPT_STARTED = "attempt_started"  # copies about to be handed over
    ATTEMPTED = "attempted"
    RESENT = "resent"  # a user asked for a copy to be sent again
    COUNTED = "counted"  # a hit that became an event
    WITHDRAWN = "withdrawn"  # a hit seen after its recipient had withdrawn: not recorded
    RETURNED = "returned"  # returned mail that was matched to a copy
    UNMATCHED = "unmatched"  # mail that came back and was not
    ORDINARY = "ordinary"  # unrelated mail in a mailbox that is read: not stored
    REPEATED = "repeated"  # came back before, and was counted then
    RESOLVED = "resolved"  # a user assigned or dismissed an unmatched finding
    IGNORED = "ignored"  # a provider's call with nothing in it for us: opens, clicks, tests
    UNHANDLED = "unhandled"  # a call of an unknown provider; quarantined
    UNPROVEN = "unproven"  # a provider's call with an invalid signature; quarantined
    WAITING = "waiting"  # a provider's call that can only be judged with a key or certificate to come; quarantined
    UNREADABLE = "unreadable"  # no observation; quarantined
    FAILED = "failed"  # reading it raised an error; quarantined
    REFUSED = "refused"  # a store would not take it; quarantined


NO_RECORDS_FAULT: Final = (StorageError, InUseError, SettingError, OSError)
"""Raised for what a disk, a database or a missing key refuses: the batch is tried again, and no record is to blame."""
QUARANTINED: Final = frozenset(
    {
        RecordOutcome.UNHANDLED,
        RecordOutcome.UNPROVEN,
        RecordOutcome.WAITING,
        RecordOutcome.UNREADABLE,
        RecordOutcome.FAILED,
        RecordOutcome.REFUSED,
    }
)


class Meaning(msgspec.Struct, frozen=True, gc=False):
    """What one record adds to the stores, with the names of `store.Batch`."""

    events: tuple[Event, ...] = ()
    submission: Submission | None = None
    worker: int = 0
    """A worker whose start is journaled."""
    started: tuple[int, ...] = ()
    started_generation: int = 0
    attempt: AttemptResult | None = None
    resend: int = 0
    """Copy to be sent again."""
    aliases: tuple[Alias, ...] = ()
    suppress: tuple[CopySuppression, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    resolutions: tuple[Resolution, ...] = ()
    seen: tuple[CountedStatement, ...] = ()
    afterwards: Callable[[], None] | None = None
    """Called after both stores have committed the record."""
    choice: PreferenceChoice | None = None
    request: DataRequest | None = None
    confirmation: Confirmation | None = None
    erase: int = 0
    """Copy whose recipient asked to erase the recorded data; 0: none."""


NOTHING: Final = Meaning()


class Item(msgspec.Struct, gc=False):
    """A record, and what the steps found out about it."""

    record: JournalRecord
    observation: Observation | RawHit | None = None
    outcome: RecordOutcome | None = None
    reason: str = ""
    """Why it was quarantined."""
    damage: str = ""
    """What is wrong with the mail it is about; empty when nothing is."""
    meaning: Meaning = NOTHING
    sighting: bytes = b""
    """Of a hit: what its copy's window keeps of it."""
    crowd: int = 0
    """Of a hit whose neighbours are looked at: its message and visitor (`classify.crowd_key`)."""

    def fail(self, outcome: RecordOutcome, reason: str) -> None:
        """Quarantine the record: it means nothing any more."""
        self.outcome, self.reason, self.meaning = outcome, reason, NOTHING


def event_id(position: Position, ordinal: int) -> int:
    """The id of a record's `ordinal`-th event, the same on every replay, however many there are."""
    if ordinal < _OWN_ORDINALS:
        return position.event_id(ordinal)
    seed = position.event_id(_OWN_ORDINALS).to_bytes(8) + ordinal.to_bytes(4)
    return int.from_bytes(blake2b(seed, digest_size=8, person=b"event-id").digest()) & _MASK
