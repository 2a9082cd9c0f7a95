"""What the digest needs of others, as protocols: the journals it reads, and work that is done between two batches."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

from postlude.journal import SEVEN_DAYS, JournalFinding, JournalRecord, Known, Position
from postlude.model.segment import SegmentLabel
from postlude.services.digest.item import Item
from postlude.services.ports import Journals


class MaintenanceStep(Protocol):
    """Work that is done in small steps while nothing comes in."""

    def __call__(self) -> bool:
        """Do one step; True when there is more."""
        ...


class Journal(Protocol):
    """What is read from."""

    @property
    def problem(self) -> str:
        """Which journal cannot be read; empty when all can."""
        ...

    def read(self, after: Mapping[int, Position], limit: int) -> list[JournalRecord]:
        """Durable records from `after` on."""
        ...

    def hold(self, writers: Collection[int]) -> None:
        """Leave out the journals of these writers, until they are held no more."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """True when something new may be there."""
        ...

    def behind(self, done: Mapping[int, Position]) -> int:
        """Bytes of durable records behind `done`."""
        ...

    def trim(self, done: Mapping[int, Position], keep_seconds: float = SEVEN_DAYS) -> object:
        """Delete segments before `done` that are older than `keep_seconds`."""
        ...

    def roll(self) -> None:
        """Have every writer go on in a new segment."""
        ...

    def rolled(self, done: Mapping[int, Position]) -> bool:
        """Whether they did, and all before lies before `done`."""
        ...

    def crowded(self) -> bool:
        """Whether a journal takes so much of what it may that trimming cannot wait."""
        ...

    def recognise(self, known: Known) -> None:
        """Start again from the stores' positions."""
        ...

    def pop_findings(self) -> list[JournalFinding]:
        """What was found wrong since this was asked last."""
        ...

    def pop_labels(self) -> list[SegmentLabel]:
        """Which segments were met since this was asked last."""
        ...


class HeldBack(Protocol):
    """What is read beside the digest: `LargeMail`."""

    @property
    def pending(self) -> bool:
        """Whether something was met and is not digested: not everything is, then."""
        ...

    def held(self) -> Collection[int]:
        """Writers whose journals wait."""
        ...

    def without_unread(self, items: Sequence[Item], /) -> list[Item]:
        """What can be digested now; the rest is read from the journals again."""
        ...


class AddressForgetter(Protocol):
    """Forgets addresses in every store and folder."""

    def due(self) -> bool:
        """Whether an address is waiting to be forgotten."""
        ...

    def run(self, journals: Journals) -> bool:
        """Forget them in the stores and have the journals roll; when those have, delete their records. True: done."""
        ...

    def last_at(self) -> int:
        """When an address was last forgotten, 0: never."""
        ...
