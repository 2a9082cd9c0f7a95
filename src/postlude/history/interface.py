"""What the rest of the program asks of the history."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from postlude.model.event import Event
from postlude.model.journal_position import JournalPosition
from postlude.model.segment import SegmentLabel
from postlude.model.words import EventKind, Verdict


class Count(NamedTuple):
    """How many events of one kind had one verdict."""

    kind: EventKind
    verdict: Verdict
    events: int
    copies: int
    """Of how many different copies."""


class ReasonCount(NamedTuple):
    """How many opens or clicks have one verdict for one reason."""

    kind: EventKind
    verdict: Verdict
    reasons: tuple[str, ...]
    """Ids of the rules; the one that decided first."""
    events: int


class LinkTotal(NamedTuple):
    """What a link's clicks add up to."""

    message: int
    position: int
    clicks: int
    """By people."""
    clicks_machine: int
    clicks_unknown: int
    last_at: int | None
    """The last one by a person."""


class HitTotal(NamedTuple):
    """How many opens or clicks of a message there are of one hour, program and verdict."""

    message: int
    hour: int
    """Since the epoch."""
    client: str
    kind: EventKind
    verdict: Verdict
    events: int


class CopyKey(NamedTuple):
    """A place in the order of messages and copies, in which the history keeps what is merged."""

    message: int
    copy: int


BEFORE_ALL: Final = CopyKey(-1, -1)


class CrowdedAddress(NamedTuple):
    """An address that many copies of a message may have been asked for from."""

    message: int
    address: str
    events: int
    """All of the message from there, whatever program they are of."""


class History(Protocol):
    """Events in, timelines and counts out. Safe to share between threads."""

    def append(
        self,
        events: Sequence[Event],
        positions: Mapping[int, JournalPosition],
        *,
        erase: Sequence[int] = (),
        remove: Sequence[int] = (),
        replace: Sequence[Event] = (),
        labels: Sequence[SegmentLabel] = (),
        generation: int = 0,
        number: int = 0,
    ) -> None:
        """Add events and the place to read on from, durably, both or neither; StorageError when the disk refused.

        `number`: of the first event in the feed. `erase`: copies whose recorded opens, clicks and visited pages are
        deleted before, in the same transaction; `remove`: events that are; `replace`: those of `events` that may be
        there already, as corrections are.
        `labels`: segments that are read from for the first time. `generation`: the state's, before this batch.
        """
        ...

    def positions(self) -> dict[int, JournalPosition]:
        """Positions to continue from, by writer: earlier records are in the history."""
        ...

    def cursor(self) -> int:
        """The number of the last event that was read from the feed; 0 when none was."""
        ...

    def of_ids(self, wanted: Mapping[int, int]) -> list[Event]:
        """The events with these ids, which were seen at these times (id -> time)."""
        ...

    def journal_labels(self) -> list[SegmentLabel]:
        """Every segment of a journal that was ever read from."""
        ...

    def generation(self) -> int:
        """The furthest generation of the state that was seen: a state that has a lower one was put back."""
        ...

    def rehearse(self) -> None:
        """Write a row and take it out again; DamagedError when what that needs cannot be read."""
        ...

    def damage(self) -> str:
        """Read the whole history; returns the errors, empty when all can be read."""
        ...

    def timeline(self, message: int, copy: int | None = None, *, limit: int = 10_000) -> list[Event]:
        """The events of one message, or of one copy of it, oldest first: the newest `limit` of them."""
        ...

    def since(self, at: int, kinds: Sequence[EventKind], *, limit: int = 10_000) -> list[Event]:
        """Events of these kinds seen at or after `at`, oldest first: the newest `limit` of them."""
        ...

    def of_visitors(self, messages: Collection[int], addresses: Collection[str], first: int, last: int) -> list[Event]:
        """Judged events of these messages from these addresses, seen between `first` and `last`, in no order."""
        ...

    def crowded_addresses(self, after: int, last: int | None, least: int, within: int) -> list[CrowdedAddress]:
        """Addresses from which one program may have asked for `least` copies of a message in so many microseconds.

        Of the messages behind `after` up to `last` (None: all). A coarse choice that misses none but those of proxies.
        """
        ...

    def of_copies(self, copies: Sequence[int], messages: Collection[int] = ()) -> list[Event]:
        """Every event of these copies, oldest first. With their `messages` only those are read, without all of it."""
        ...

    def tracks(self, copies: Sequence[int], *, since: int) -> list[Event]:
        """Opens, clicks and visited pages of these copies seen at or after `since`, oldest first."""
        ...

    def forget(self, copies: Sequence[int], address: str) -> None:
        """Remove everything but kind and time from the events of these copies and from all that contain `address`."""
        ...

    def forget_before(self, at: int) -> None:
        """Delete all events from before `at`."""
        ...

    def forget_words_before(self, at: int) -> None:
        """Take the words from replies and other mail that came back before `at`; that they came stays."""
        ...

    def hold_order(self, *, hold: bool) -> None:
        """Whether keeping the file in order waits, since many rows will be replaced: it costs more with every row."""
        ...

    def leave_no_remains(self) -> None:
        """Rewrite the history, so that its file contains no deleted data. Takes as long as copying it."""
        ...

    def outdated(self, rules_version: int) -> int:
        """How many events were judged by older rules than these."""
        ...

    def judged(self, since: int) -> int:
        """How many events were judged by rules and seen at or after `since`."""
        ...

    def slice_ends(self, events: int) -> list[CopyKey]:
        """Keys in their order, between which about so many events lie each. Few events: none."""
        ...

    def judged_between(self, after: CopyKey, end: CopyKey | None, since: int) -> list[Event]:
        """The judged events, and replies, of the copies behind `after` up to `end` (None: all that follow).

        By message and copy, then oldest first. `since`: only of copies with a judged event seen then or later; 0: of
        all.
        """
        ...

    def changed_since(self, number: int, copies: Sequence[int]) -> set[int]:
        """Those of these copies with events behind this number of the feed."""
        ...

    def merge(self) -> bool:
        """Bring the events of one message closer together, one slice a step, unless much is being added.

        True when there is more to do. A crash leaves either all of a step or nothing.
        """
        ...

    def link_totals(self, messages: Sequence[int], *, without: Sequence[int] = ()) -> list[LinkTotal]:
        """Clicks on every link of these messages that has any; `without` those of these copies."""
        ...

    def hit_totals(self, messages: Sequence[int], *, without: Sequence[int] = ()) -> list[HitTotal]:
        """Opens and clicks of these messages by hour, program and verdict; `without` those of these copies."""
        ...

    def counts(self, message: int | None = None) -> list[Count]:
        """Events and copies by kind and verdict, of one message or of all."""
        ...

    def reason_counts(self, messages: Sequence[int]) -> list[ReasonCount]:
        """Opens and clicks of these messages by verdict and reasons."""
        ...

    def export_events(self, path: Path, messages: Collection[int] | None = None) -> int:
        """Write every event, or those of these messages, to a Parquet file; how many. StorageError."""
        ...

    def total(self) -> int:
        """How many events there are."""
        ...

    def close(self) -> None:
        """Write everything into the one file and close it."""
        ...
