"""Rebuild projections from the history, where events were erased or judged again."""

from collections.abc import Sequence

from postlude.history import History
from postlude.store import Copy, LinkActivity, Rebuilt


def rebuilt(history: History, copies: Sequence[Copy]) -> Rebuilt:
    """The current events of these copies and of all links of their messages."""
    ids = [copy.id for copy in copies]
    messages = sorted({copy.message for copy in copies})
    return Rebuilt(ids, history.of_copies(ids), messages, link_rows(history, messages))


def link_rows(history: History, messages: Sequence[int]) -> list[LinkActivity]:
    """The projection of every link of these messages."""
    return [LinkActivity(*row) for row in history.link_totals(messages)]
