"""Rows of the segments' tables."""

import msgspec

from postlude.segments.expression import Expression, InSegment, Reference


class Segment(msgspec.Struct, frozen=True, kw_only=True):
    """A saved segment."""

    id: int
    name: str
    expression: Expression
    """With ids in place of names, so that lists, tags and campaigns may be renamed."""
    frozen: bool = False
    """Its contacts are those of the moment it was frozen; else they are chosen anew each time."""
    user: int = 0
    """Who saved it; 0: who runs the server."""
    workspace: int = 1
    created_at: int = 0
    updated_at: int = 0

    @property
    def asked(self) -> Expression:
        """What chooses its contacts, whether or not it is frozen."""
        return InSegment(Reference(self.name, self.id))
