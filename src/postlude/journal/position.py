"""Position of a record: the identity of every observation and, with an ordinal, of every event."""

from typing import Final, NamedTuple

WRITER_BITS: Final = 12
SEGMENT_BITS: Final = 21
OFFSET_BITS: Final = 26
ORDINAL_BITS: Final = 4
MAX_WRITER: Final = (1 << WRITER_BITS) - 1
MAX_SEGMENT: Final = (1 << SEGMENT_BITS) - 1
MAX_SEGMENT_BYTES: Final = 1 << OFFSET_BITS


class Position(NamedTuple):
    """A place in one writer's journal; ordered within a writer, never used for another record."""

    writer: int
    segment: int
    offset: int

    def event_id(self, ordinal: int) -> int:
        """A positive 63-bit id of the `ordinal`-th (0-15) event this record means; the same on every replay."""
        if not 0 <= ordinal < 1 << ORDINAL_BITS:
            raise ValueError(f"a record makes at most {1 << ORDINAL_BITS} events, not number {ordinal}")
        joined = (self.writer << SEGMENT_BITS | self.segment) << OFFSET_BITS | self.offset
        return joined << ORDINAL_BITS | ordinal


class JournalRecord(NamedTuple):
    """One record as it was appended, and where."""

    writer: int
    segment: int
    offset: int
    data: bytes

    @property
    def position(self) -> Position:
        """The record's place."""
        return Position(self.writer, self.segment, self.offset)

    @property
    def next(self) -> Position:
        """Where to read on from once this record is dealt with."""
        return Position(self.writer, self.segment, self.offset + len(self.data))

    def event_id(self) -> int:
        """Id of the first event this record means: as `position.event_id(0)`, without making a position."""
        return ((self.writer << SEGMENT_BITS | self.segment) << OFFSET_BITS | self.offset) << ORDINAL_BITS
