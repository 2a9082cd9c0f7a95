"""The campaign worker's process: its journal, what dead workers left, and the pump."""

import asyncio
import logging
import os
from contextlib import AsyncExitStack
from typing import Final

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.build.common import Parts, build_parts
from postlude.app.build.sending import build_contents, build_transport
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.config import Settings
from postlude.journal import JournalReader, JournalWriter, Position
from postlude.journal import folder as journal_files
from postlude.model.answer import Answer
from postlude.model.errors import InUseError
from postlude.model.observation import encode
from postlude.model.words import SendOutcome
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.work import CampaignWork, recover
from postlude.services.messages.result_log import ResultLog
from postlude.services.messages.retry import RetrySchedule, final_attempt
from postlude.store import Claim, Store, open_store
from postlude.worker import CampaignDeps, run_campaigns

_WORKERS: Final = 64
_NAME: Final = "worker-"
_LOOK_S: Final = 0.05
_SAY_S: Final = 10.0
_SWEEP_S: Final = 15.0
_HOUR_SECONDS: Final = 3600

_log = logging.getLogger("postlude.worker")


def run_worker_process(settings: Settings, *, child: bool, idle_end_s: float = 0.0) -> None:
    """Send campaigns until told to stop, or after `idle_end_s` (0: never) without one."""
    start_log(settings.log_level)
    parts = build_parts(settings)
    run_until_stopped(lambda stop: _run(parts, stop, idle_end_s), child=child)


async def _run(parts: Parts, stop: asyncio.Event, idle_end_s: float) -> None:
    settings, folder = parts.settings, parts.folder
    async with AsyncExitStack() as stack:
        store = open_store(settings.database)
        stack.callback(store.close)
        journal, name = _own_journal(parts)
        stack.callback(journal.close)
        worker = store.sending.begin_worker(f"{folder.identity()}/{name}", parts.clock.now())
        leftovers = _Leftovers(parts, store, journal, worker, name)
        await leftovers.of_my_journal(stop)
        transport = (
            SandboxOutbox(folder.mailbox, parts.clock)
            if settings.sandbox
            else build_transport(settings, parts.clock, store.sending)
        )
        stack.push_async_callback(transport.close)
        contents = build_contents(parts, store)
        deps = CampaignDeps(
            store=store,
            work=CampaignWork(store, parts.clock, worker),
            composer=CopyComposer(contents, parts.codec, parts.clock, settings.verp_domain, parts.dkim.signer),
            transport=transport,
            append=journal.append,
            results=ResultLog(journal),
            clock=parts.clock,
            retry=RetrySchedule(give_up_s=settings.give_up_hours * _HOUR_SECONDS),
            idle_end_s=idle_end_s,
            watch=leftovers.of_the_dead,
        )
        await run_campaigns(deps, stop)
        await leftovers.my_own_end(stop)


def _own_journal(parts: Parts) -> tuple[JournalWriter, str]:
    """Return a journal no living worker has; its lock is what says that this one lives."""
    for number in range(1, _WORKERS):
        name = f"{_NAME}{number}"
        try:
            return JournalWriter(parts.folder.journal, name, max_bytes=parts.settings.journal_max_bytes), name
        except InUseError:
            continue
    raise InUseError(f"{_WORKERS - 1} workers run on {parts.folder.root} already")


class _Leftovers:
    """What dead workers had claimed. A worker is dead when nobody, or a later start, holds its journal's lock."""

    def __init__(self, parts: Parts, store: Store, journal: JournalWriter, worker: int, name: str) -> None:
        self._parts: Final = parts
        self._store: Final = store
        self._journal: Final = journal
        self._worker: Final = worker
        self._name: Final = name
        self._swept = 0.0

    async def of_my_journal(self, stop: asyncio.Event) -> None:
        """Settle what the former holders of this process's journal left."""
        dead = await asyncio.to_thread(self._store.sending.former_workers, self._worker)
        if dead and await self._digested(self._name, stop):
            await asyncio.to_thread(self._settle, dead)

    async def of_the_dead(self) -> None:
        """Settle what the workers of other journals left, where nobody holds them; looks every 15 s."""
        now = asyncio.get_running_loop().time()
        if now - self._swept < _SWEEP_S:
            return
        self._swept = now
        found = await asyncio.to_thread(self._store.sending.worker_journals)
        for journal, dead in found.items():
            folder, _, name = journal.partition("/")
            if folder == self._parts.folder.identity() and name.startswith(_NAME) and name != self._name:
                await self._take_over(name, dead)

    async def my_own_end(self, stop: asyncio.Event) -> None:
        """Say that this worker ended in order, once all it journaled is digested or the stop cannot wait for it."""
        if not stop.is_set() and await self._digested(self._name, stop):
            await asyncio.to_thread(self._settle, [self._worker])

    async def _take_over(self, name: str, dead: list[int]) -> None:
        folder = self._parts.folder.journal / name
        try:
            lock = journal_files.lock(folder)
        except (InUseError, OSError):
            return
        try:
            await asyncio.to_thread(journal_files.recover, folder)
            if await self._digested(name, asyncio.Event()):
                await asyncio.to_thread(self._settle, dead)
        finally:
            os.close(lock)

    async def _digested(self, name: str, stop: asyncio.Event) -> bool:
        """Wait until the digest has taken in all of one journal; False when told to stop."""
        number = journal_files.number_of(self._parts.folder.journal, name)
        reader = JournalReader(self._parts.folder.journal, self._parts.clock)
        loop = asyncio.get_running_loop()
        say_at = loop.time() + _SAY_S
        try:
            while await asyncio.to_thread(self._unread, reader, number):
                if stop.is_set():
                    return False
                if loop.time() > say_at:
                    say_at = loop.time() + _SAY_S
                    _log.warning("waiting for the app process to digest the journal of %s: is it running?", name)
                await asyncio.sleep(_LOOK_S)
        finally:
            reader.close()
        return True

    def _unread(self, reader: JournalReader, number: int) -> bool:
        place = self._store.digest.positions().get(number)
        return reader.unread(number, Position(number, *place) if place else None)

    def _settle(self, dead: list[int]) -> None:
        back = recover(self._store, dead, self._unsure)
        if back:
            _log.info("%d copies a dead worker had claimed and not begun are given back", back)

    def _unsure(self, left: list[Claim]) -> None:
        now = self._parts.clock.now()
        text = "the worker ended while this copy was being handed over; it may have arrived and is not sent again"
        answer = Answer(SendOutcome.UNSURE, text=text, phase="end-of-data")
        for claim in left:
            self._journal.append_blocking(encode(final_attempt(claim, answer, now)))
