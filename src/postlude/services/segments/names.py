"""Names in expressions: people write and read names, what is kept has ids."""

from collections.abc import Callable
from functools import cache

from postlude.kit.ids import id_text
from postlude.model.domain_name import address_key, same_domain
from postlude.model.errors import InputError, NotFoundError
from postlude.segments import expression as tree
from postlude.segments import parse_expression
from postlude.segments.expression import Expression, Reference
from postlude.services.campaigns.drafts import find_campaign
from postlude.services.contacts.by_name import list_ids, tag_id
from postlude.store import Store
from postlude.store.segments.rows import Segment


def read_segment(store: Store, text: str) -> Expression:
    """The expression a text says, with ids in place of names.

    SegmentError for what cannot be read, NotFoundError for names that nothing has, InputError for a field that no
    contact ever had: a misspelled name would choose none, or behind a `not` all.
    """
    known = frozenset(store.contacts.fields())
    return tree.changed(parse_expression(text), lambda leaf: _with_id(store, known, leaf))


def with_names(store: Store, expression: Expression) -> Expression:
    """The expression as people read it; what is gone keeps its id."""
    tags = cache(store.contacts.tag_names)
    return tree.changed(expression, lambda leaf: _with_name(store, tags, leaf))


def segment_called(store: Store, name: str) -> Segment:
    """The saved segment of this name; NotFoundError names those that are there."""
    found = store.segments.by_name(name)
    if found is None:
        known = ", ".join(repr(one.name) for one in store.segments.every()) or "none yet"
        raise NotFoundError(f"there is no segment {name!r}; there are: {known}")
    return found


def _with_id(store: Store, known: frozenset[str], leaf: Expression) -> Expression:
    match leaf:
        case tree.OnList():
            return tree.OnList(_ref(leaf.list, lambda name: list_ids(store, [name])[0]), leaf.status)
        case tree.Tagged():
            return tree.Tagged(_ref(leaf.tag, lambda name: tag_id(store, name)))
        case tree.InSegment():
            return tree.InSegment(_ref(leaf.segment, lambda name: segment_called(store, name).id))
        case tree.Did() if leaf.campaign is not None:
            return tree.in_campaign(leaf, _ref(leaf.campaign, lambda name: find_campaign(store, name).id))
        case tree.FieldIs() | tree.FieldIn() | tree.FieldEmpty():
            return _spelled(leaf, known)
        case _:
            return leaf


def _ref(ref: Reference, find: Callable[[str], int]) -> Reference:
    return Reference(id=find(ref.name) if ref.name else ref.id)


def _spelled(leaf: tree.FieldIs | tree.FieldIn | tree.FieldEmpty, known: frozenset[str]) -> Expression:
    """Of a field that exists; addresses and domains as they are stored."""
    if leaf.custom:
        if leaf.name not in known:
            there = ", ".join(sorted(known)[:30]) or "none yet"
            raise InputError(f"no contact has a field {leaf.name!r}; there are: {there}")
        return leaf
    stored = {"address": address_key, "domain": same_domain}.get(leaf.name)
    if stored is None or isinstance(leaf, tree.FieldEmpty):
        return leaf
    if isinstance(leaf, tree.FieldIn):
        return tree.FieldIn(leaf.name, tuple(map(stored, leaf.values)))
    return tree.FieldIs(leaf.name, leaf.is_, stored(leaf.value) if isinstance(leaf.value, str) else leaf.value)


def _with_name(store: Store, tags: Callable[[], dict[int, str]], leaf: Expression) -> Expression:
    match leaf:
        case tree.OnList():
            return tree.OnList(_named(leaf.list, lambda one: store.lists.get(one).name), leaf.status)
        case tree.Tagged():
            return tree.Tagged(_named(leaf.tag, lambda one: tags()[one]))
        case tree.InSegment():
            return tree.InSegment(_named(leaf.segment, lambda one: store.segments.get(one).name))
        case tree.Did() if leaf.campaign is not None:
            return tree.in_campaign(leaf, _named(leaf.campaign, lambda one: _campaign_name(store, one)))
        case _:
            return leaf


def _campaign_name(store: Store, campaign: int) -> str:
    """Its name where that names it alone, else its id."""
    name = store.campaigns.get(campaign).name
    try:
        return name if find_campaign(store, name).id == campaign else id_text(campaign)
    except InputError:
        return id_text(campaign)


def _named(ref: Reference, name: Callable[[int], str]) -> Reference:
    try:
        return Reference(name(ref.id), ref.id)
    except (NotFoundError, KeyError):
        return ref
