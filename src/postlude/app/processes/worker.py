"""The campaign worker's process: its journal, what dead workers left, and the pump."""

import asyncio
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.build.common import Parts, build_parts
from postlude.app.build.sending import build_contents, build_transport, retry_schedule
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.app.processes.supervised import Supervision
from postlude.config import Settings
from postlude.journal import JournalWriter
from postlude.kit.loop import Troubled, retried, unless_stopped
from postlude.kit.priority import yield_to_edges
from postlude.model.errors import InUseError, StorageError
from postlude.services.campaigns.content import Contents
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.work import CampaignWork
from postlude.services.messages.recovery import OtherWorkers, OwnReading, Recovery
from postlude.services.messages.result_log import ResultLog
from postlude.services.ports import Transport
from postlude.store import Store, open_store
from postlude.worker import CampaignDeps, run_campaigns

_WORKERS: Final = 64
_NAME: Final = "worker-"
_WAITED_FOR: Final = (StorageError, InUseError)


def run_worker_process(settings: Settings, *, supervision: Supervision, idle_end_s: float = 0.0) -> None:
    """Send campaigns until told to stop, or after `idle_end_s` (0: never) without one.

    A database that is away at the start, or a disk that takes nothing, is waited for.
    """
    start_log(settings.log_level)
    if not supervision.child:  # what the app process starts has its priority
        yield_to_edges()
    parts = build_parts(settings, must_write=False)
    bond = supervision.bond(parts.folder.root, "", {})
    troubles = bond.troubles if bond is not None else []
    run_until_stopped(lambda stop: _run(parts, stop, idle_end_s, troubles), bond=bond)


async def _run(parts: Parts, stop: asyncio.Event, idle_end_s: float, troubles: list[Troubled]) -> None:
    settings, folder = parts.settings, parts.folder
    async with AsyncExitStack() as stack:
        opened = await unless_stopped(stop, retried("opening the stores", partial(_opened, parts, stack), _WAITED_FOR))
        if opened is None:
            return
        store, journal, name = opened
        identity = folder.identity()
        own = f"{identity}/{name}"
        reading = OwnReading(store, folder.journal, parts.clock, stop)
        retry = retry_schedule(settings)
        recovery = Recovery(store, parts.clock, journal.append, reading.digested, retry, journals=folder.journal)
        begin = partial(recovery.begin, own)
        worker = await unless_stopped(stop, retried("settling what the last worker left", begin, _WAITED_FOR))
        if worker is None:
            return
        others = OtherWorkers(recovery, store, folder.journal, identity=identity, prefix=_NAME, own=name)
        transport = _transport(parts, store)
        stack.push_async_callback(transport.close)
        contents = build_contents(parts, store)
        work = CampaignWork(store, parts.clock, worker, parts.settings.hold_seconds)
        deps = CampaignDeps(
            store=store,
            work=work,
            composer=_composer(parts, contents),
            transport=transport,
            results=ResultLog(journal),
            clock=parts.clock,
            retry=retry,
            idle_end_s=idle_end_s,
            watch=others.look,
            took=recovery.took,
            begins=troubles.append,
        )
        await run_campaigns(deps, stop)
        await recovery.end(own)


def _transport(parts: Parts, store: Store) -> Transport:
    if parts.settings.sandbox:
        return SandboxOutbox(parts.folder.mailbox, parts.clock)
    return build_transport(parts.settings, parts.clock, store.sending)


async def _opened(parts: Parts, stack: AsyncExitStack) -> tuple[Store, JournalWriter, str]:
    """The state and a journal of its own, both or neither."""
    async with AsyncExitStack() as first:
        store = await asyncio.to_thread(open_store, parts.settings.database, parts.folder.forgotten_key)
        first.callback(store.close)
        journal, name = await asyncio.to_thread(_own_journal, parts)
        first.callback(journal.close)
        stack.push_async_exit(first.pop_all())
    return store, journal, name


def _composer(parts: Parts, contents: Contents) -> CopyComposer:
    settings = parts.settings
    return CopyComposer(
        contents,
        parts.codec,
        parts.clock,
        settings.verp_domain,
        parts.dkim.signer,
        track_unknown=settings.track_unknown,
    )


def _own_journal(parts: Parts) -> tuple[JournalWriter, str]:
    """Return a journal that no living worker has; its lock shows that this worker lives."""
    for number in range(1, _WORKERS):
        name = f"{_NAME}{number}"
        try:
            return JournalWriter(parts.folder.journal, name, max_bytes=parts.settings.journal_max_bytes), name
        except InUseError:
            continue
    raise InUseError(f"{_WORKERS - 1} workers run on {parts.folder.root} already")
