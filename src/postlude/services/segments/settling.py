"""An expression made ready for the store: saved segments are put in, lengths of time become moments."""

from functools import cached_property

import msgspec

from postlude.kit.clock import to_iso
from postlude.model.errors import InputError, NotFoundError
from postlude.segments import expression as tree
from postlude.segments.expression import Expression
from postlude.segments.moments import read_length
from postlude.store import Store
from postlude.store.segments.rows import Segment

_DEEPEST = 10


def settled(store: Store, expression: Expression, now: int) -> Expression:
    """What the expression says at the moment `now`.

    InputError when a list, tag, campaign or segment it names is gone, or segments stand in each other without end: to
    choose on without it would choose others than were meant.
    """
    return _Settling(store, now).settled(expression, ())


class _Settling:
    def __init__(self, store: Store, now: int) -> None:
        self._store = store
        self._now = now

    def settled(self, expression: Expression, within: tuple[int, ...]) -> Expression:
        return tree.changed(expression, lambda leaf: self._leaf(leaf, within))

    def _leaf(self, leaf: Expression, within: tuple[int, ...]) -> Expression:
        try:
            saved = self._looked_up(leaf)
        except (NotFoundError, KeyError) as error:
            what = "its tag is gone" if isinstance(error, KeyError) else error
            raise InputError(f"the segment cannot be asked: {what}. Write its expression anew") from error
        if saved is not None and not saved.frozen:
            return self._written_out(saved, within)
        if isinstance(leaf, tree.Did | tree.Added) and leaf.within:
            return msgspec.structs.replace(leaf, since=to_iso(self._now - read_length(leaf.within).micros), within="")
        return leaf

    def _looked_up(self, leaf: Expression) -> Segment | None:
        """What the leaf names is there; the segment when it names one."""
        match leaf:
            case tree.InSegment():
                return self._store.segments.get(leaf.segment.id)
            case tree.OnList():
                self._store.lists.get(leaf.list.id)
            case tree.Tagged():
                self._tags[leaf.tag.id]
            case tree.Did() if leaf.campaign is not None:
                self._store.campaigns.get(leaf.campaign.id)
        return None

    @cached_property
    def _tags(self) -> dict[int, str]:
        """Read once, however many tags an expression names."""
        return self._store.contacts.tag_names()

    def _written_out(self, saved: Segment, within: tuple[int, ...]) -> Expression:
        if saved.id in within or len(within) >= _DEEPEST:
            raise InputError(f"the segment {saved.name!r} stands in itself, or {_DEEPEST} segments stand in each other")
        return self.settled(saved.expression, (*within, saved.id))
