"""Identity of a segment of a journal."""

from typing import NamedTuple


class SegmentLabel(NamedTuple):
    """A segment that was read, as recorded in the stores: a position in it belongs to exactly this file."""

    writer: int
    """The number its records are counted under; 0 in the label of a folder of which nothing is read yet."""
    segment: int
    name: str
    """Of the writer's folder."""
    identity: str
    key: str
    """Empty for segments of versions before there were keys."""
