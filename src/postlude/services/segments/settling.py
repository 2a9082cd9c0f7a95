"""An expression made ready for the store: saved segments are put in, lengths of time become moments."""

import msgspec

from postlude.kit.clock import to_iso
from postlude.model.errors import InputError, NotFoundError
from postlude.segments import expression as tree
from postlude.segments.expression import Expression
from postlude.segments.moments import length
from postlude.store import Store
from postlude.store.segments.rows import Segment

_DEEPEST = 10


def settled(store: Store, expression: Expression, now: int) -> Expression:
    """What the expression says at the moment `now`.

    InputError when a list, tag, campaign or segment it names is gone, or segments stand in each other without end: to
    choose on without it would choose others than were meant.
    """
    return _settled(store, expression, now, ())


def _settled(store: Store, expression: Expression, now: int, within: tuple[int, ...]) -> Expression:
    return tree.changed(expression, lambda leaf: _leaf(store, leaf, now, within))


def _leaf(store: Store, leaf: Expression, now: int, within: tuple[int, ...]) -> Expression:
    try:
        saved = _looked_up(store, leaf)
    except (NotFoundError, KeyError) as error:
        what = "its tag is gone" if isinstance(error, KeyError) else error
        raise InputError(f"the segment cannot be asked: {what}. Write its expression anew") from error
    if saved is not None and not saved.frozen:
        return _written_out(store, saved, now, within)
    if isinstance(leaf, tree.Did | tree.Added) and leaf.within:
        return msgspec.structs.replace(leaf, since=to_iso(now - length(leaf.within)), within="")
    return leaf


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


def _written_out(store: Store, saved: Segment, now: int, within: tuple[int, ...]) -> Expression:
    if saved.id in within or len(within) >= _DEEPEST:
        raise InputError(f"the segment {saved.name!r} stands in itself, or {_DEEPEST} segments stand in each other")
    return _settled(store, saved.expression, now, (*within, saved.id))
