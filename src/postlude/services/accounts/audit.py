"""The audit log: who did what, when, from where, by the web app or the command line.

An act begins before what it does; the first transaction that it writes in takes its entry along, so that neither is
there without the other. What an act does elsewhere (a journal, a file) is recorded when it has succeeded.
"""

import logging
from collections.abc import Iterator
from contextvars import ContextVar
from typing import Final

from postlude.kit.clock import Clock, to_iso
from postlude.model.errors import PostludeError
from postlude.store import Store
from postlude.store.accounts.audit_log import AuditSearch, audit_along
from postlude.store.accounts.rows import AuditEntry

REFUSED: Final = "refused"
_LONGEST: Final = 500
_HEADER: Final = ("at", "who", "via", "origin", "act", "what", "outcome")

_log: Final = logging.getLogger(__name__)


class AuditedAct:
    """One act of a request or a command, to be recorded once."""

    def __init__(self, clock: Clock, act: str, via: str, origin: str = "") -> None:
        self._clock: Final = clock
        self._act, self._via, self._origin = act, via, origin
        self._who, self._what, self._known = "", "", False
        self.recorded = False

    def by(self, who: str) -> None:
        """Name who does it: before this nothing is written along."""
        self._who, self._known = who, True

    def about(self, what: str) -> None:
        """Name what it is done to. Never with a secret in it."""
        self._what = what[:_LONGEST]

    def due(self) -> AuditEntry | None:
        """The entry for a transaction that is about to be committed; None once it is written, or while it is early."""
        if not self._known or self.recorded:
            return None
        self.recorded = True
        return self._entry()

    def finish(self, store: Store, outcome: str = "") -> None:
        """Write the entry by itself, unless it is written. What was done is not undone when it cannot be."""
        if self.recorded:
            return
        self.recorded = True
        try:
            store.accounts.add_audit(self._entry(outcome))
        except PostludeError as error:
            _log.error("the audit log could not be written: %s %s by %s: %s", self._act, self._what, self._who, error)

    def _entry(self, outcome: str = "") -> AuditEntry:
        return AuditEntry(self._clock.now(), self._who, self._via, self._act, self._what, self._origin, outcome)


_current: Final[ContextVar[AuditedAct | None]] = ContextVar("act", default=None)


def begin_act(act: AuditedAct) -> None:
    """What this request or command writes from now on is done by `act`."""
    _current.set(act)
    audit_along(act.due)


def end_act() -> None:
    """What is written from now on belongs to no act."""
    _current.set(None)
    audit_along(None)


def nothing_done() -> None:
    """This request turned out to do nothing that is recorded."""
    act = _current.get()
    if act is not None:
        act.recorded = True


def acted_by(who: str) -> None:
    """Name who does the act of this request, when that is known only now."""
    act = _current.get()
    if act is not None:
        act.by(who)


def acted_on(what: str) -> None:
    """Name what the act of this request is done to, when that is known only now. Never with a secret in it."""
    act = _current.get()
    if act is not None:
        act.about(what)


def audit_rows(store: Store, search: AuditSearch) -> Iterator[list[str]]:
    """The entries that match as rows of text, after a row with the columns' names."""
    yield list(_HEADER)
    for one in store.accounts.every_audit(search):
        yield [to_iso(one.at), one.who, one.via, one.origin, one.act, one.what, one.outcome]
