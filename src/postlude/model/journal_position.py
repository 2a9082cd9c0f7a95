"""How far one writer's journal was read."""

from typing import NamedTuple


class JournalPosition(NamedTuple):
    """Where to read on: earlier records were taken. Later positions compare greater."""

    segment: int
    offset: int
    """In bytes from the segment's begin."""
