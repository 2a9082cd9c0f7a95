"""Settle the copies of workers that ended, of single messages and campaigns.

A worker holds the lock of a journal while it lives. Whoever gets that lock knows that the former holders are dead. What
such a worker had started to send and has no result, once all it journaled is digested, may have arrived: it becomes
INDETERMINATE. What it had only claimed is given back: no byte of it was written.

That holds for the journal that the worker wrote. So a worker journals its start before it claims anything, and leaves a
file beside its journal that a copy does not pass for. Where the start was not digested, or the file is not the
worker's, the journal was put back, lost or replaced, and whatever the worker had claimed may have left.
"""

import asyncio
import logging
import os
from collections.abc import Awaitable, Sequence
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from postlude.journal import JournalFinding, JournalReader, Known, Position, TakenCopies, last_taken, recover_journal
from postlude.journal import folder as journal_files
from postlude.kit.clock import Clock
from postlude.model.answer import Answer
from postlude.model.errors import InUseError
from postlude.model.observation import Attempt, WorkerStarted, encode_observation
from postlude.model.words import IfIndeterminate, SendOutcome
from postlude.services.accounts.sender_settings import if_indeterminate
from postlude.services.messages.retry import RetrySchedule, attempt_of
from postlude.services.ports import Append
from postlude.store import Incident, Store
from postlude.store.messages.rows import Claim

_INDETERMINATE: Final = Answer(
    SendOutcome.INDETERMINATE,
    text="Postlude ended while this copy was being handed over; it may have arrived",
    phase="end-of-data",
)
_POLL_S: Final = 0.05
_SAY_S: Final = 10.0
_SWEEP_S: Final = 15.0

_log = logging.getLogger(__name__)


class Digested(Protocol):
    """Waits for the digest."""

    def __call__(self, journal: str, /) -> Awaitable[bool]:
        """Return once the journal of this name is digested; False when stopped before."""
        ...


class Recovery:
    """Settles what dead workers left, in the name of a living one. Every call may be made again after it failed."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        append: Append,
        digested: Digested,
        retry: RetrySchedule | None = None,
        *,
        journals: Path | None = None,
    ) -> None:
        """`journals`: their folder, where is kept what has begun to leave; without it all that was started may have."""
        self._store: Final = store
        self._clock: Final = clock
        self._append: Final = append
        self._digested: Final = digested
        self._retry: Final = retry or RetrySchedule()
        self._journaled: Final[set[int]] = set()
        self._worker: int | None = None
        self._journals: Final = journals
        self._taken: TakenCopies | None = None

    def took(self, copy: int) -> None:
        """The first byte of this copy may leave."""
        if self._taken is not None:
            self._taken.add(copy)

    async def begin(self, journal: str) -> int | None:
        """The id to claim with, after the copies of former holders of `journal` are settled; None when stopped.

        `journal` is `FOLDER/NAME`, the data folder's identity and the journal's name, or the name alone.
        """
        sending = self._store.sending
        name = journal.rpartition("/")[2]
        if not await self._digested(name):
            return None
        folder = self._journals / name if self._journals is not None else None
        if self._worker is None:
            await self._settle(await asyncio.to_thread(sending.former_workers, journal), folder)
            # Not sooner: what was found wrong with the journal until now is about its former workers.
            self._worker = await asyncio.to_thread(sending.begin_worker, journal, self._clock.now())
        if folder is not None:
            self._taken = await asyncio.to_thread(_fresh, folder, self._worker)
        await self._append(encode_observation(WorkerStarted(self._clock.now(), self._worker)))
        return self._worker

    async def end(self, journal: str) -> None:
        """Record that this worker ended properly, once its journal is digested."""
        name = journal.rpartition("/")[2]
        if self._worker is not None and await self._digested(name):
            await self._settle([self._worker], self._journals / name if self._journals is not None else None)

    async def take_over(self, folder: Path, dead: Sequence[int]) -> None:
        """Settle the copies of these workers, unless another process holds the lock of their journal in `folder`."""
        if not await asyncio.to_thread(folder.is_dir):  # no other process will ever settle them
            if await self._digested(folder.name):
                await self._settle(dead, folder)
            return
        try:
            lock = journal_files.lock(folder)
        except (InUseError, OSError):
            return
        try:
            await asyncio.to_thread(recover_journal, folder)
            if await self._digested(folder.name):
                await self._settle(dead, folder)
        finally:
            os.close(lock)

    async def _settle(self, dead: Sequence[int], folder: Path | None) -> None:
        """`folder`: of their journal, which has the file of what had begun to leave."""
        sending, theirs, taken = self._store.sending, True, None
        whole = await asyncio.to_thread(sending.have_whole_journals, dead)
        if folder is not None:
            last = await asyncio.to_thread(last_taken, folder)
            theirs = last.worker is None or last.worker in dead
            taken = last.copies if whole and theirs else None
        found = await asyncio.to_thread(partial(sending.left_in_flight, dead, journal_is_theirs=theirs))
        found = [claim for claim in found if claim.copy not in self._journaled]  # else only to be digested yet
        if taken is not None:
            stayed = [claim.copy for claim in found if claim.copy not in taken]
            await asyncio.to_thread(self._store.campaigns.give_back, stayed)
            found = [claim for claim in found if claim.copy in taken]
        elif found and not (whole and theirs):
            await asyncio.to_thread(self._tell, dead, folder, found)
        for claim in found:
            _log.warning(
                "copy %016x to %s was being handed over when its worker ended: indeterminate",
                claim.copy,
                claim.recipient,
            )
            wanted = await asyncio.to_thread(if_indeterminate, self._store, claim.sender)
            await self._append(encode_observation(self._attempt(claim, wanted)))
            self._journaled.add(claim.copy)
        back = await asyncio.to_thread(self._store.sending.end_workers, dead)
        if back:
            _log.info("%d copies a dead worker had claimed and not started are given back", back)

    def _tell(self, dead: Sequence[int], folder: Path | None, found: Sequence[Claim]) -> None:
        name = folder.name if folder is not None else "a worker"
        text = (
            f"the journal of {name} is not the one that mail was sent with, or not whole: {len(found)} copies may have "
            "left and are not sent again by themselves (indeterminate). `postlude resend` sends one again"
        )
        _log.error("%s", text)
        now = self._clock.now()
        self._store.integrity.add_incidents([Incident(f"claims:{max(dead)}", now, "claims", text, name)])

    def _attempt(self, claim: Claim, wanted: IfIndeterminate) -> Attempt:
        now, twice = self._clock.now(), wanted is IfIndeterminate.RATHER_TWICE
        began = claim.created_at or now
        return attempt_of(claim, _INDETERMINATE, self._retry, now=now, began=began, rather_twice=twice)


def _fresh(folder: Path, worker: int) -> TakenCopies | None:
    try:
        return TakenCopies(folder, worker)
    except OSError as error:
        _log.warning("%s: %s: after a crash more copies will be indeterminate", folder, error.strerror or error)
        return None


class OtherWorkers:
    """Looks after the journals of the other workers of one data folder."""

    def __init__(
        self, recovery: Recovery, store: Store, journals: Path, *, identity: str, prefix: str, own: str
    ) -> None:
        """`identity` is the data folder's, `prefix` what the names of workers' journals begin with."""
        self._recovery: Final = recovery
        self._store: Final = store
        self._journals: Final = journals
        self._identity: Final = identity
        self._prefix: Final = prefix
        self._own: Final = own
        self._swept = 0.0

    async def look(self) -> None:
        """Settle copies whose journal no process holds; at most every 15 s."""
        now = asyncio.get_running_loop().time()
        if self._swept and now - self._swept < _SWEEP_S:
            return
        self._swept = now
        found = await asyncio.to_thread(self._store.sending.worker_journals)
        for journal, dead in found.items():
            folder, _, name = journal.partition("/")
            if folder == self._identity and name.startswith(self._prefix) and name != self._own:
                await self._recovery.take_over(self._journals / name, dead)


class OwnReading:
    """Compares a journal with the digest's position in it, independent of other journals."""

    def __init__(self, store: Store, journals: Path, clock: Clock, stop: asyncio.Event) -> None:
        self._store: Final = store
        self._journals: Final = journals
        self._clock: Final = clock
        self._stop: Final = stop

    async def digested(self, name: str) -> bool:
        """Implements `Digested`. What is wrong with the journal is recorded by then, whoever looks at it first."""
        reader = JournalReader(self._journals, self._clock, only=name)
        loop = asyncio.get_running_loop()
        say_at = loop.time() + _SAY_S
        try:
            while await asyncio.to_thread(self._unread, reader, name):
                if self._stop.is_set():
                    return False
                if loop.time() > say_at:
                    say_at = loop.time() + _SAY_S
                    _log.warning("waiting for the app process to digest the journal of %s; is the app running?", name)
                await asyncio.sleep(_POLL_S)
            await asyncio.to_thread(self._tell, [one for one in reader.pop_findings() if one.writer == name])
        finally:
            reader.close()
        return True

    def _tell(self, findings: Sequence[JournalFinding]) -> None:
        now = self._clock.now()
        self._store.integrity.add_incidents(
            [Incident(one.key, now, one.kind, one.text, one.writer) for one in findings]
        )

    def _unread(self, reader: JournalReader, name: str) -> bool:
        places = self._store.digest.positions()
        reader.recognise(Known(places, self._store.integrity.journal_labels()))
        return reader.unread(name, {number: Position(number, *place) for number, place in places.items()})
