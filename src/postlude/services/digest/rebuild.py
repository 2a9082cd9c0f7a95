"""Rebuild projections from the history, where events were erased or judged again."""

from collections.abc import Iterable, Sequence
from typing import Final

from postlude.history import History
from postlude.model.words import EventKind
from postlude.store import Copy, HitCount, LinkActivity, Rebuilt

_TRACKS: Final = frozenset({EventKind.OPENED, EventKind.CLICKED, EventKind.VIEWED})


def rebuilt(history: History, copies: Sequence[Copy], *, without_tracks: bool = False) -> Rebuilt:
    """The current events of these copies and of all links of their messages; without the hits that are erased."""
    ids = [copy.id for copy in copies]
    messages = sorted({copy.message for copy in copies})
    events = history.of_copies(ids, messages)
    if without_tracks:
        events = [event for event in events if event.kind not in _TRACKS]
    without = ids if without_tracks else ()
    links, hits = link_rows(history, messages, without=without), hit_counts(history, messages, without=without)
    return Rebuilt(ids, events, messages, links, hits)


def link_rows(history: History, messages: Sequence[int], without: Iterable[int] = ()) -> list[LinkActivity]:
    """The projection of every link of these messages; `without` the clicks of these copies."""
    return [LinkActivity(*row) for row in history.link_totals(messages, without=list(without))]


def hit_counts(history: History, messages: Sequence[int], without: Iterable[int] = ()) -> list[HitCount]:
    """Opens and clicks of these messages by hour and program; `without` those of these copies."""
    return [HitCount(*row) for row in history.hit_totals(messages, without=list(without))]
