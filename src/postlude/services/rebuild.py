"""Projections made anew from the history, where events were erased or judged again."""

from collections.abc import Sequence

from postlude.history import History
from postlude.store import Copy, LinkActivity, Rebuilt


def rebuilt(history: History, copies: Sequence[Copy]) -> Rebuilt:
    """What the history holds now of these copies and of all links of their messages."""
    ids = [copy.id for copy in copies]
    messages = sorted({copy.message for copy in copies})
    links = [LinkActivity(*row) for row in history.link_totals(messages)]
    return Rebuilt(ids, history.of_copies(ids), messages, links)
