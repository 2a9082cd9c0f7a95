"""Saved segments: made, changed, frozen, deleted, counted, and turned into mailings."""

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

import msgspec

from postlude.kit.clock import Clock
from postlude.model.errors import InputError
from postlude.model.words import CampaignStatus
from postlude.segments import expression as tree
from postlude.segments import render, sentence
from postlude.segments.expression import Expression
from postlude.services.segments.names import read_segment, with_names
from postlude.services.segments.settling import settled
from postlude.store import Store
from postlude.store.contacts.rows import Audience, Contact, Recipient
from postlude.store.segments.rows import Segment

_TO_BE_SENT: Final = (CampaignStatus.DRAFT, CampaignStatus.SCHEDULED, CampaignStatus.SENDING, CampaignStatus.PAUSED)


class Selection(NamedTuple):
    """Whom an expression chooses now."""

    text: str
    """The expression with today's names."""
    words: str
    contacts: int
    mailable: int
    """Those of them who get a mailing: not suppressed, not left, consent not withdrawn."""


def select_contacts(store: Store, clock: Clock, expression: Expression) -> Selection:
    """Count and explain an expression; InputError when it names what is gone."""
    ready, named = settled(store, expression, clock.now()), with_names(store, expression)
    return Selection(
        text=render(named),
        words=sentence(named),
        contacts=store.segments.count(ready),
        mailable=store.contacts.audience_count(Audience(segment=ready)),
    )


def mailable_page(
    store: Store, clock: Clock, expression: Expression, after: int = 0, limit: int = 50
) -> list[Recipient]:
    """Who would get a mailing, in the order of their ids, above `after`. For one look: each call finds all of them."""
    ready = settled(store, expression, clock.now())
    return store.contacts.audience_page(Audience(segment=ready), after, limit, paged=False)


def chosen_pages(store: Store, clock: Clock, expression: Expression) -> Iterator[Sequence[Contact]]:
    """Everyone whom an expression chooses now, page by page, whether or not they may be mailed."""
    ready, after = settled(store, expression, clock.now()), 0
    while page := store.segments.page(ready, after):
        yield page
        after = page[-1].id


def save_segment(store: Store, clock: Clock, name: str, text: str, user: int = 0) -> Segment:
    """Save an expression under a name; InputError for what cannot be read or asked, or a name that is taken."""
    expression = read_segment(store, text)
    settled(store, expression, clock.now())
    return store.segments.add(name, expression, clock.now(), user)


def change_segment(
    store: Store, clock: Clock, segment: int, *, name: str | None = None, text: str | None = None
) -> Segment:
    """Rename a segment or give it another expression; then it is no longer frozen. InputError as `save_segment`."""
    expression = None if text is None else read_segment(store, text)
    if expression is not None and stands_in(store, segment, expression):
        raise InputError("a segment cannot stand in itself: write out the expression that is meant")
    if expression is not None:
        settled(store, expression, clock.now())
    return store.segments.change(segment, clock.now(), name=name, expression=expression)


def freeze_segment(store: Store, clock: Clock, segment: int) -> int:
    """Keep who is in it now, whatever they do later; how many that are."""
    saved, now = store.segments.get(segment), clock.now()
    return store.segments.freeze(segment, settled(store, saved.expression, now), now)


def thaw_segment(store: Store, clock: Clock, segment: int) -> None:
    """Choose anew each time again."""
    store.segments.thaw(segment, clock.now())


def delete_segment(store: Store, segment: int) -> bool:
    """Delete it, its contacts stay; False when there was none. InputError when another segment or a draft asks it."""
    for one in store.segments.every():
        if one.id != segment and stands_in(store, segment, one.expression):
            raise InputError(f"the segment {one.name!r} asks for it: change that one first")
    for draft in store.campaigns.latest(_TO_BE_SENT, limit=100_000):
        if draft.audience.segment is not None and stands_in(store, segment, draft.audience.segment):
            raise InputError(f"the campaign {draft.name!r} is to go to it: change its audience first")
    return store.segments.delete(segment)


def stands_in(store: Store, segment: int, expression: Expression) -> bool:
    """Whether an expression asks for a segment, by itself or through others."""
    saved = {one.id: one.expression for one in store.segments.every()}
    waiting, seen = [expression], set[int]()
    while waiting:
        for leaf in tree.leaves(waiting.pop()):
            if isinstance(leaf, tree.InSegment) and leaf.segment.id not in seen:
                if leaf.segment.id == segment:
                    return True
                seen.add(leaf.segment.id)
                waiting += [saved[leaf.segment.id]] if leaf.segment.id in saved else []
    return False


def narrowed(audience: Audience, *parts: Expression) -> Audience:
    """The audience, of it only whom every part chooses."""
    before = () if audience.segment is None else (audience.segment,)
    return msgspec.structs.replace(audience, segment=tree.all_of((*before, *parts)))
