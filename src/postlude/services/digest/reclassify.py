"""Judge the whole history again with this version's rules, from the stored facts of every hit.

Runs between two batches of the digest, a few copies at a time: judges their events, rebuilds their projections, then
changes the history. Stopped or killed at any point, it continues with the events of older rules; repeating a step gives
the same result.
"""

from collections.abc import Sequence
from time import perf_counter
from typing import Final

import msgspec

from postlude.classify import RULES_VERSION, judge
from postlude.history import History
from postlude.model.event import Event
from postlude.model.observation import Hit
from postlude.model.words import EventKind, HitEndpoint
from postlude.services.digest.hits import KEPT_HEADERS, HitClassifier
from postlude.services.digest.rebuild import link_rows
from postlude.store import Batch, Rebuilt, Store

_COPIES: Final = 1000  # a step: about 0.2 s, so that what comes meanwhile does not wait longer
_MESSAGES: Final = 200
_LINKS_AFTER: Final = "reclassify:links-after"
_ENDPOINTS: Final = {
    EventKind.OPENED: HitEndpoint.PIXEL,
    EventKind.CLICKED: HitEndpoint.LINK,
    EventKind.UNSUBSCRIBED: HitEndpoint.UNSUBSCRIBE,
}


class ReclassifyProgress(msgspec.Struct, frozen=True):
    """How far it is."""

    running: bool
    done: int
    """Events judged since it was started."""
    total: int
    """Events that were due when it was started."""
    changed: int
    """Events whose verdict is another one now."""
    seconds: float
    rules_version: int


class Reclassifier:
    """Owned by the digest's thread; `start`, `stop` and `progress` may be called from any."""

    def __init__(
        self,
        history: History,
        store: Store,
        classifier: HitClassifier = judge,
        rules_version: int = RULES_VERSION,
        copies: int = _COPIES,
    ) -> None:
        self._history = history
        self._store = store
        self._classify = classifier
        self._version = rules_version
        self._copies = copies
        self._running = False
        self._total = self._done = self._changed = 0
        self._began = self._ended = 0.0

    def start(self) -> ReclassifyProgress:
        """Begin or continue; the steps do the work."""
        if not self._running:
            self._total, self._done, self._changed = self._history.outdated(self._version), 0, 0
            self._began = perf_counter()
            if self._total:
                self._store.settings.put(_LINKS_AFTER, 0)  # links are counted again once all events are judged
            self._running = bool(self._total) or self._store.settings.get(_LINKS_AFTER) is not None
        return self.progress()

    def stop(self) -> ReclassifyProgress:
        """Stop. Every event has one verdict, old or new."""
        self._ended = perf_counter()
        self._running = False
        return self.progress()

    def progress(self) -> ReclassifyProgress:
        """How far it is."""
        seconds = (perf_counter() if self._running else self._ended) - self._began
        return ReclassifyProgress(
            self._running, self._done, self._total, self._changed, max(seconds, 0.0), self._version
        )

    def step(self) -> bool:
        """Do one step; True while there is more. Both stores must hold the same journal records."""
        if not self._running:
            return False
        copies = self._history.outdated_copies(self._version, self._copies)
        if copies:
            self._judge_again(copies)
        elif not self._count_links():
            self.stop()
        return self._running

    def _judge_again(self, copies: Sequence[int]) -> None:
        sent = self._store.messages.sent_times([copy for copy in copies if copy])
        every = self._history.of_copies(copies)
        events = [self._judged(event, sent.get(event.copy)) for event in every]
        new = [event for event, before in zip(events, every, strict=True) if event is not before]
        verdicts = [before.verdict for event, before in zip(events, every, strict=True) if event is not before]
        self._store.digest.apply(Batch(rebuilt=[Rebuilt(copies, events, (), ())]))
        self._history.replace(new)
        self._done += len(new)
        self._changed += sum(event.verdict is not before for event, before in zip(new, verdicts, strict=True))

    def _judged(self, event: Event, sent_at: int | None) -> Event:
        if not 0 < event.rules_version < self._version:
            return event  # not a hit, or judged by these rules
        reported = self._classify(_as_hit(event), sent_at=sent_at)
        facts = {name: value for name, value in event.facts.items() if name != "client"}
        return msgspec.structs.replace(
            event,
            verdict=reported.verdict,
            reasons=reported.reasons,
            rules_version=self._version,
            facts=facts | ({"client": reported.client} if reported.client else {}),
        )

    def _count_links(self) -> bool:
        after = self._store.settings.get(_LINKS_AFTER)
        if not isinstance(after, int):
            return False
        messages = self._history.clicked_messages(after, _MESSAGES)
        if not messages:
            self._store.settings.delete(_LINKS_AFTER)
            return False
        self._store.digest.apply(Batch(rebuilt=[Rebuilt((), (), messages, link_rows(self._history, messages))]))
        self._store.settings.put(_LINKS_AFTER, messages[-1])
        return True


def _as_hit(event: Event) -> Hit:
    """The hit an event was made of, as far as rules look at it."""
    facts = dict(event.facts)
    headers: dict[str, str] = {name: facts.pop(name) for name in KEPT_HEADERS if name in facts}
    page = facts.pop("page", "")
    endpoint = _ENDPOINTS.get(event.kind) or HitEndpoint(page)
    method, agent = facts.pop("method", "GET"), facts.pop("user_agent", "")
    facts.pop("client", None)
    return Hit(
        event.at, endpoint, 0, event.message, event.copy, event.position, method, agent, event.address, headers, facts
    )
