"""An expression made ready for the store: saved segments are put in, lengths of time become moments."""

from typing import Final

import msgspec

from postlude.kit.clock import to_iso
from postlude.model.errors import InputError, NotFoundError
from postlude.segments import expression as tree
from postlude.segments.expression import Expression
from postlude.segments.moments import length
from postlude.store import Store
from postlude.store.segments.rows import Segment

_MOST_WITHIN: Final = 10
_MOST_PARTS: Final = 1_000
_DEEPEST: Final = 60
"""Of brackets and `not` once segments are written out: both engines and their compilers take more."""


def settled(store: Store, expression: Expression, now: int) -> Expression:
    """What the expression says at the moment `now`.

    InputError when a list, tag, campaign or segment it names is gone, or segments stand in each other without end: to
    choose on without it would choose others than were meant. InputError as well when it is more than the database
    should be asked: segments that stand in each other a hundred times each would fill the memory before it is asked.
    """
    found = _Settling(store, now).settled(expression, ())
    if depth(found) > _DEEPEST:
        raise _too_much(f"is nested deeper than {_DEEPEST} brackets")
    return found


class _Settling:
    def __init__(self, store: Store, now: int) -> None:
        self._store = store
        self._now = now
        self._parts = 0

    def settled(self, expression: Expression, within: tuple[int, ...]) -> Expression:
        return tree.changed(expression, lambda leaf: self._leaf(leaf, within))

    def _leaf(self, leaf: Expression, within: tuple[int, ...]) -> Expression:
        self._parts += 1
        if self._parts > _MOST_PARTS:
            raise _too_much(f"has more than {_MOST_PARTS:,} parts")
        try:
            saved = _looked_up(self._store, leaf)
        except (NotFoundError, KeyError) as error:
            what = "its tag is gone" if isinstance(error, KeyError) else error
            raise InputError(f"the segment cannot be asked: {what}. Write its expression anew") from error
        if saved is not None and not saved.frozen:
            return self._written_out(saved, within)
        if isinstance(leaf, tree.Did | tree.Added) and leaf.within:
            return msgspec.structs.replace(leaf, since=to_iso(self._now - length(leaf.within)), within="")
        return leaf

    def _written_out(self, saved: Segment, within: tuple[int, ...]) -> Expression:
        if saved.id in within or len(within) >= _MOST_WITHIN:
            raise InputError(f"the segment {saved.name!r} stands in itself, or {_MOST_WITHIN} segments in each other")
        return self.settled(saved.expression, (*within, saved.id))


def depth(expression: Expression) -> int:
    """How many `and`, `or` and `not` stand in each other."""
    match expression:
        case tree.AllOf() | tree.AnyOf():
            return 1 + max(map(depth, expression.parts))
        case tree.Not():
            return 1 + depth(expression.part)
        case _:
            return 0


def _too_much(what: str) -> InputError:
    return InputError(
        f"written out with the saved segments it asks for, the expression {what}: freeze one of them, or save a part "
        "as a list or a tag"
    )


def _looked_up(store: Store, leaf: Expression) -> Segment | None:
    """What the leaf names is there; the segment when it names one."""
    match leaf:
        case tree.InSegment():
            return store.segments.get(leaf.segment.id)
        case tree.OnList():
            store.lists.get(leaf.list.id)
        case tree.Tagged():
            store.contacts.tag_names()[leaf.tag.id]
        case tree.Did() if leaf.campaign is not None:
            store.campaigns.get(leaf.campaign.id)
    return None
