"""One transaction of the digest, as plain data."""

from collections.abc import Mapping, Sequence

import msgspec

from postlude.model.event import Event
from postlude.model.segment import SegmentLabel
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


class Rebuilt(msgspec.Struct, frozen=True):
    """Projections rebuilt from the history."""

    copies: Sequence[int]
    """Their rows are replaced by what `events` add up to."""
    events: Sequence[Event]
    """Every event of these copies."""
    messages: Sequence[int]
    """The rows of their links are replaced by `links`."""
    links: Sequence[LinkActivity]


class Batch(msgspec.Struct, kw_only=True):
    """The result of one run of journal records: applied completely or not at all."""

    events: Sequence[Event] = ()
    submissions: Sequence[Submission] = ()
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
    positions: Mapping[int, tuple[int, int]] = {}
    """(segment, offset) by writer: where to read on."""
    labels: Sequence[SegmentLabel] = ()
    """Segments of journals that are read from for the first time."""
    generation: int = 0
    """Generation of the state with this batch."""
    at: int = 0
    """When the batch is applied."""
