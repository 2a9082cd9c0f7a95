"""The digest: journal records become events in the history and projections in the state, each exactly once.

This is the loop: batch after batch, and what is done between two. `part_writer` has the guarantee.
"""

import logging
import threading
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter, sleep, thread_time
from typing import Final

from postlude.history import History
from postlude.journal import SEVEN_DAYS
from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.kit.loop import STANDS_STILL_S, ThreadLoop
from postlude.services.change_feed import Changes
from postlude.services.digest.batch_size import BATCH_RECORDS, BatchSize
from postlude.services.digest.item import NO_RECORDS_FAULT, Item
from postlude.services.digest.large_mail import NOTHING_HELD
from postlude.services.digest.part_writer import PartWriter
from postlude.services.digest.parts import MANY, hands_mail_in, more_than_hits, split_into_parts
from postlude.services.digest.ports import AddressForgetter, HeldBack, Journal, MaintenanceStep
from postlude.services.digest.recognition import as_incidents, compare
from postlude.services.digest.reconsider import Windows
from postlude.services.digest.state import DigestState
from postlude.services.digest.steps import RecordSteps
from postlude.services.digest.withdrawal_removal import WithdrawalRemoval
from postlude.services.notices import Notices
from postlude.services.ports import Journals, Wake
from postlude.store import Store

COLLECT: Final = (50_000, 20, 20)
"""Thresholds of the garbage collector for a process that digests: a batch holds 50,000 short-lived tuples, which the
default looks through 70 times and finds nothing (a tenth of the digest's time, measured)."""
_IDLE_SECONDS: Final = 0.5
_BREATH_SECONDS: Final = 0.05
# After a small batch the next one gathers for twice the processor time that this one took: a transaction of both stores
# costs as much as a thousand events (measured), and what sends meanwhile needs the processor more than a timeline does.
# Waiting for the disk takes no processor, and mail does not wait for it three times.
_SMALL: Final = 2000
_REST: Final = 2.0
_GATHER_SECONDS: Final = 0.2
_TRIM_SECONDS: Final = 60.0

_log = logging.getLogger(__name__)


class Digest:
    """Owned by one thread of the one app process."""

    def __init__(
        self,
        *,
        journal: Journal,
        store: Store,
        history: History,
        record_steps: RecordSteps,
        changes: Changes,
        clock: Clock,
        chosen: Wake = lambda: None,
        maintenance: MaintenanceStep = lambda: False,
        housekeeping: Wake = lambda: None,
        removal: WithdrawalRemoval | None = None,
        large: HeldBack = NOTHING_HELD,
        forgetter: AddressForgetter | None = None,
        batch_records: int = BATCH_RECORDS,
        windows: Windows | None = None,
        notices: Notices | None = None,
    ) -> None:
        """Three callbacks run in the digest's thread.

        `chosen`: recipients' choices about tracking have reached the store. `maintenance`: between two batches, when
        both stores hold the same records; it does a little work and returns whether there is more. `housekeeping`: once
        a minute, when everything in the journal is digested.
        """
        self._journal = journal
        self._store = store
        self._history = history
        self._record_steps = record_steps
        self._changes = changes
        self._clock = clock
        self._chosen = chosen
        self._maintenance = maintenance
        self._housekeeping = housekeeping
        self._removal = removal
        self._large = large
        self._forgetter = forgetter
        self._size: Final = BatchSize(batch_records)
        self._notices = notices
        self._windows = windows or Windows(store.messages, history, classifier=record_steps.hits.classifier)
        self._writer: Final = PartWriter(
            store=store,
            history=history,
            clock=clock,
            windows=self._windows,
            notices=notices,
            seconds=record_steps.seconds,
        )
        self._loaded = self._more = False
        self._trimmed = 0
        self._loop: Final = ThreadLoop(
            "digest",
            self._round,
            expected=NO_RECORDS_FAULT,
            problem="the digest waits",
            patience_s=STANDS_STILL_S,
        )
        self.state: Final = DigestState(seconds=record_steps.seconds)

    def run(self, stop: threading.Event) -> None:
        """Digest until `stop` is set. A full disk or a locked store makes it wait and try again, never end."""
        self._trimmed = self._clock.now()
        self._loop.run(stop)

    @property
    def problem(self) -> str:
        """Why the digest is stopped, or which journal it cannot read; empty when it takes everything."""
        return self._loop.problem or self._journal.problem

    def _round(self) -> float:
        """One batch, and what is done between two; returns how long the next one gathers."""
        begun, full = thread_time(), self._size.records
        try:
            count = self.step()
            forgetting = count < full and not self._large.pending and not self._forget()
            if self._notices is not None:
                self._notices.step()
            more = self._maintenance()
            if more or self._more:
                self._windows.forget()
            self._more = more
            if count < full and not more:
                more = self._store.engagement.step(self._clock.now()) or self._history.merge()
            if not 0 <= self._clock.now() - self._trimmed <= _TRIM_SECONDS * MICROS_PER_SECOND:
                self._trimmed = self._clock.now()
                self._journal.trim(self._writer.after(), self._kept_seconds())
                if count < full and not self._large.pending:
                    self._housekeeping()
            elif count and self._journal.crowded():
                self._journal.trim(self._writer.after())
        except Exception:
            self._loaded = False  # the positions are read from the stores again
            raise
        if not count:
            self._loop.worked()
            soon = more or forgetting or self._large.pending
            self._journal.wait(_BREATH_SECONDS if soon else _IDLE_SECONDS)
        return min(_GATHER_SECONDS, _REST * (thread_time() - begun)) if 0 < count < min(_SMALL, full) else 0.0

    def step(self) -> int:
        """Digest one batch; the number of records, 0 when there was none."""
        if not self._loaded:
            self._load()
        self._keep_to_choices()
        begun, limit = perf_counter(), self._size.records
        self._journal.hold(self._large.held())
        records = self._journal.read(self._writer.after(), limit)
        self._note_segments()
        items = self._large.without_unread(self._record_steps.decode(records)) if records else []
        if items:
            self._digest_all(split_into_parts(items))
            full = len(records) == limit
            self._size.took(len(items), perf_counter() - begun)
            done = [item.record for item in items]
            self.state.digested(done, self._journal.behind(self._writer.after()) if full else 0)
        self.state.last_at = self._clock.now()
        if not records and not self._large.pending:
            self.state.idle(self.state.last_at)
        return len(items)

    def _keep_to_choices(self) -> None:
        """Learn what was withdrawn, and take out what is recorded in spite of it."""
        removal = self._removal
        if removal is not None and removal.notice():
            taken_out = removal.run(self._windows.judge_again)
            self._changes.publish(taken_out.messages)
            self._windows.forget_events()
            if self._notices is not None:
                for entry in taken_out.entries:
                    self._notices.take(entry)

    def catch_up(self) -> int:
        """Digest all records; returns their number."""
        total = 0
        while True:
            while count := self.step():
                total += count
            if self._large.pending:
                self._journal.wait(_BREATH_SECONDS)
                continue
            if self._forget():
                while self._store.engagement.step(self._clock.now()):
                    pass
                return total
            self._journal.wait(_BREATH_SECONDS)

    def _note_segments(self) -> None:
        """Damage of a journal is recorded before any later record is digested."""
        self._writer.note_segments(self._journal.pop_labels())
        if findings := self._journal.pop_findings():
            for finding in findings:
                _log.error("journal: %s", finding.text)
            self._store.integrity.add_incidents(as_incidents(findings, self._clock.now()))

    def _forget(self) -> bool:
        """Forget who is to be forgotten, when what was journaled of them is digested in both stores.

        False while files are looked through, and while the journals have not begun the new segments for that.
        """
        if self._forgetter is None or not self._forgetter.due():
            return True
        self._windows.forget_events()
        after = self._writer.after()
        journal = self._journal
        return self._forgetter.run(
            Journals(journal.roll, partial(journal.rolled, after), partial(journal.trim, after, 0))
        )

    def _kept_seconds(self) -> float:
        """How long digested segments are kept; shorter for segments from before an address was forgotten."""
        forgotten = self._forgetter.last_at() if self._forgetter is not None else 0
        return min(SEVEN_DAYS, (self._clock.now() - forgotten) / MICROS_PER_SECOND)

    def _load(self) -> None:
        compare(self._journal, self._store, self._history, self._clock)
        self._writer.load()
        if self._notices is not None:
            self._notices.load()
        self._loaded = True

    def _digest_all(self, parts: Sequence[list[Item]]) -> None:
        for number, part in enumerate(parts, start=1):
            self._digest(part)
            if number < len(parts) and len(parts[number]) >= MANY and hands_mail_in(part):
                sleep(_BREATH_SECONDS)  # who sends it needs the state's lock and this process's turn

    def _digest(self, items: list[Item]) -> None:
        self._record_steps.run(items)
        self._writer.write(items)
        rare = more_than_hits(items)
        for item in rare:
            if item.meaning.afterwards is not None:
                _clean_up(item.meaning.afterwards)
        if any(item.meaning.choice is not None for item in rare):
            self._chosen()
        self._changes.publish({event.message for item in items for event in item.meaning.events if event.message})


def _clean_up(afterwards: Callable[[], None]) -> None:
    """What a disk refuses here is only left over: the stores have the record, and who waits for it must be told."""
    try:
        afterwards()
    except NO_RECORDS_FAULT as error:
        _log.error("something that is not needed any more could not be deleted: %s", error)
