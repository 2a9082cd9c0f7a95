"""One transaction of the digest, as plain data."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.segment import SegmentLabel
from postlude.model.words import EventKind, Verdict
from postlude.store.contacts.rows import Confirmation, CopySuppression
from postlude.store.feedback.rows import QuarantinedRecord, Resolution, Unmatched
from postlude.store.messages.rows import Alias, AttemptResult, LinkActivity, Submission
from postlude.store.privacy.rows import DataRequest, PreferenceChoice


class CountedStatement(msgspec.Struct, frozen=True, gc=False):
    """A statement that was counted, so that its repeat is not."""

    fingerprint: bytes
    record: int
    """Id of the journal record that reported it first."""
    at: int


class HitCount(NamedTuple):
    """How many opens or clicks of a message the history has, of one hour, program and verdict."""

    message: int
    hour: int
    """Since the epoch."""
    client: str
    kind: EventKind
    verdict: Verdict
    events: int


class Rebuilt(msgspec.Struct, frozen=True):
    """Projections rebuilt from the history."""

    copies: Sequence[int]
    """Their rows are replaced by what `events` add up to."""
    events: Sequence[Event]
    """Every event of these copies."""
    messages: Sequence[int]
    """The rows of their links are replaced by `links`."""
    links: Sequence[LinkActivity]
    hits: Sequence[HitCount] = ()
    """The hours and programs of these messages are replaced by what these add up to."""


class CopyTimes(NamedTuple):
    """When people opened and clicked a copy, first and last; 0 for never."""

    first_open: int = 0
    last_open: int = 0
    first_click: int = 0
    last_click: int = 0


class Corrections(msgspec.Struct, frozen=True):
    """Events that are judged otherwise now."""

    before: Sequence[Event] = ()
    after: Sequence[Event] = ()
    """The same events, in the same order."""
    times: Mapping[int, CopyTimes] = {}
    """What the windows of their copies say now."""


class Batch(msgspec.Struct, kw_only=True):
    """The result of one run of journal records: applied completely or not at all."""

    events: Sequence[Event] = ()
    corrections: Corrections = Corrections()
    windows: Mapping[int, bytes] = {}
    """The windows of copies with new hits."""
    rewindowed: Mapping[int, bytes] = {}
    """Windows made from nothing, of copies without new events."""
    erase: Sequence[int] = ()
    """Copies whose opens, clicks and visited pages are deleted from the history."""
    remove: Sequence[int] = ()
    """Events that are deleted from the history."""
    submissions: Sequence[Submission] = ()
    workers: Sequence[int] = ()
    """Workers whose starts were in their journals."""
    started: Sequence[int] = ()
    """Claimed copies that were about to be handed over."""
    started_generation: int = 0
    """The newest generation of the state that let any of them be claimed."""
    attempts: Sequence[AttemptResult] = ()
    resends: Sequence[int] = ()
    """Copies to be sent again, unless they were sent or are being sent."""
    aliases: Sequence[Alias] = ()
    suppress: Sequence[CopySuppression] = ()
    unmatched: Sequence[Unmatched] = ()
    resolutions: Sequence[Resolution] = ()
    seen: Sequence[CountedStatement] = ()
    quarantined: Sequence[QuarantinedRecord] = ()
    choices: Sequence[PreferenceChoice] = ()
    requests: Sequence[DataRequest] = ()
    confirmations: Sequence[Confirmation] = ()
    rebuilt: Sequence[Rebuilt] = ()
    outcomes: Mapping[str, int] = {}
    positions: Mapping[int, JournalPosition] = {}
    """By writer: where to read on."""
    labels: Sequence[SegmentLabel] = ()
    """Segments of journals that are read from for the first time."""
    generation: int = 0
    """Generation of the state with this batch."""
    at: int = 0
    """When the batch is applied."""
