"""How the digest is doing, for the operations page and `/healthz`."""

from collections.abc import Sequence

import msgspec

from postlude.journal import JournalRecord


class DigestState(msgspec.Struct):
    """How the digest is doing, for the operations page and `/healthz`."""

    records: int = 0
    """Digested since the start of this process."""
    batches: int = 0
    behind: int = 0
    """About how many records wait to be digested."""
    last_at: int = 0
    """When the last batch was finished."""
    idle_at: int = 0
    """When it last found nothing left to do."""
    seconds: dict[str, float] = {}
    """Time spent by step since the start."""

    def digested(self, records: Sequence[JournalRecord], bytes_behind: int) -> None:
        """A batch is finished; the journals hold so many bytes behind it."""
        self.records += len(records)
        self.batches += 1
        self.behind = bytes_behind // (sum(len(record.data) for record in records) // len(records))

    def idle(self, now: int) -> None:
        """Nothing was left to do."""
        self.idle_at, self.behind = now, 0
