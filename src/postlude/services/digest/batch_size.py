"""How many records the digest takes at once: as many as it digests in a moment, because mail waits for no longer."""

from typing import Final

BATCH_RECORDS: Final = 8_000
"""At most, of a backlog: about 0.4 s of work and 12 MB; larger ones gained nothing (measured)."""
_FEWEST: Final = 500
_BEGINNING: Final = 1_000  # while everything else of the process starts as well
_MOMENT_S: Final = 0.4


class BatchSize:
    """Grows while batches are quick, and shrinks where the machine is slow or busy."""

    def __init__(self, most: int = BATCH_RECORDS) -> None:
        self._most: Final = most
        self.records = min(most, _BEGINNING)
        """Of the next batch, at most."""

    def took(self, records: int, seconds: float) -> None:
        """So many were digested in such a time."""
        if seconds > _MOMENT_S * 3 / 2 and records <= self.records:
            self.records = max(min(self._most, _FEWEST), self.records // 2)
        elif seconds < _MOMENT_S * 3 / 4 and records >= self.records:
            self.records = min(self._most, self.records * 2)
