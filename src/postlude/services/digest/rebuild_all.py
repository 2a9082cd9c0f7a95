"""Make all projections anew from the history, while everything goes on.

Runs between two batches of the digest, when both stores hold the same events: some copies a step, message after
message in the order of their ids. Stopped or killed at any point it continues at the message it was at; doing a message
twice changes nothing. A copy of which the history has nothing, and a message older than events are kept, stay as they
are: what is counted there is not in the history any more. At the end state and score of every contact are computed.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Final

import msgspec

from postlude.history import History
from postlude.kit.clock import Clock
from postlude.services.digest.rebuild import hit_counts, link_rows
from postlude.store import Batch, Rebuilt, Store

_COPIES: Final = 1000
"""A step: about 0.1 s, so that what comes meanwhile does not wait longer."""
_MESSAGES: Final = 100
_PLACE: Final = "rebuild:place"
_DAY_US: Final = 86_400_000_000


class RebuildProgress(msgspec.Struct, frozen=True):
    """How far it is."""

    running: bool
    done: int
    """Copies made anew since it was started."""
    total: int
    """Copies there were when it was started."""
    events: int
    """Events that were read."""
    seconds: float


class Rebuilder:
    """Owned by the digest's thread; `start`, `stop` and `progress` may be called from any."""

    def __init__(
        self, history: History, store: Store, clock: Clock, *, keep_events_days: int = 0, copies: int = _COPIES
    ) -> None:
        """`keep_events_days`: how long the history keeps events; 0: for ever."""
        self._history = history
        self._store = store
        self._clock = clock
        self._keep = keep_events_days
        self._copies = copies
        self._running = False
        self._done = self._total = self._events = self._message = self._copy = self._contact = 0
        self._began = self._ended = 0.0

    def start(self) -> RebuildProgress:
        """Begin or continue; the steps do the work."""
        if not self._running:
            self._done = self._events = self._copy = self._contact = 0
            self._message = int(self._store.settings.get(_PLACE, 0))
            self._total = self._store.copy_states.total()
            self._began = perf_counter()
            self._running = True
        return self.progress()

    def stop(self) -> RebuildProgress:
        """Stop. What is made anew stays; all else is as it was."""
        if self._running:
            self._ended = perf_counter()
        self._running = False
        return self.progress()

    def progress(self) -> RebuildProgress:
        """How far it is."""
        seconds = (perf_counter() if self._running else self._ended) - self._began
        return RebuildProgress(self._running, self._done, self._total, self._events, max(seconds, 0.0))

    def step(self) -> bool:
        """Do one step; True while there is more."""
        if not self._running:
            return False
        if self._copy:
            self._go_on(self._message)
            return True
        after = self._store.messages.ids_after(self._message, _MESSAGES)
        if not after:
            return self._contacts()
        since = self._clock.now() - self._keep * _DAY_US if self._keep else 0
        read = 0
        for message, created_at in after:
            if created_at >= since:
                read += self._begin(message)
            self._message = message
            if read >= self._copies:
                break
        self._note()
        return True

    def _contacts(self) -> bool:
        """The next contacts; True while there are some. A run that is stopped here begins with the first again."""
        self._contact = self._store.engagement.rebuild(self._contact, self._clock.now())
        if not self._contact:
            self._store.settings.delete(_PLACE)
            self.stop()
        return self._running

    def _note(self) -> None:
        """Where the next run begins: at a message that is not done yet, with all of it."""
        self._store.settings.put(_PLACE, self._message - 1 if self._copy else self._message)

    def _begin(self, message: int) -> int:
        """The message itself and its first copies; how many copies."""
        hits = hit_counts(self._history, [message])
        links = link_rows(self._history, [message])
        if hits or links:
            self._apply(Rebuilt([], [], [message], links, hits), ())
        done = self._go_on(message)
        if not self._copy:
            self._store.copy_states.rebuild([message])
        return done

    def _go_on(self, message: int) -> int:
        begun = bool(self._copy)
        ids = self._store.messages.copies_after(message, self._copy, self._copies)
        self._copy = ids[-1] if len(ids) == self._copies else 0
        if ids:
            self._rebuild(ids, message)
        if begun and not self._copy:
            self._store.copy_states.rebuild([message])
            self._note()
        return len(ids)

    def _rebuild(self, ids: Sequence[int], message: int) -> None:
        events = self._history.of_copies(ids, [message])
        known = sorted({event.copy for event in events})
        if known:
            self._apply(Rebuilt(known, events, [], []), known)
        self._done += len(ids)
        self._events += len(events)

    def _apply(self, rebuilt: Rebuilt, copies: Sequence[int]) -> None:
        # The window of a copy is not a projection: it stays.
        windows = self._store.messages.windows(copies) if copies else {}
        self._store.digest.apply(Batch(rebuilt=[rebuilt], rewindowed=windows, at=self._clock.now()))
