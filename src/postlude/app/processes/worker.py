"""The campaign worker's process: its journal, what dead workers left, and the pump."""

import asyncio
from contextlib import AsyncExitStack
from typing import Final

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.build.common import Parts, build_parts
from postlude.app.build.sending import build_contents, build_transport, retry_schedule
from postlude.app.processes.event_loop import run_until_stopped, start_log
from postlude.config import Settings
from postlude.journal import JournalWriter
from postlude.model.errors import InUseError
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.work import CampaignWork
from postlude.services.messages.recovery import OtherWorkers, OwnReading, Recovery
from postlude.services.messages.result_log import ResultLog
from postlude.store import open_store
from postlude.worker import CampaignDeps, run_campaigns

_WORKERS: Final = 64
_NAME: Final = "worker-"


def run_worker_process(settings: Settings, *, child: bool, idle_end_s: float = 0.0) -> None:
    """Send campaigns until stopped, or after `idle_end_s` (0: never) without one."""
    start_log(settings.log_level)
    parts = build_parts(settings)
    run_until_stopped(lambda stop: _run(parts, stop, idle_end_s), child=child)


async def _run(parts: Parts, stop: asyncio.Event, idle_end_s: float) -> None:
    settings, folder = parts.settings, parts.folder
    async with AsyncExitStack() as stack:
        store = open_store(settings.database, parts.folder.forgotten_key)
        stack.callback(store.close)
        journal, name = _own_journal(parts)
        stack.callback(journal.close)
        identity = folder.identity()
        own = f"{identity}/{name}"
        reading = OwnReading(store, folder.journal, parts.clock, stop)
        retry = retry_schedule(settings)
        recovery = Recovery(store, parts.clock, journal.append, reading.digested, retry)
        worker = await recovery.begin(own)
        if worker is None:
            return
        others = OtherWorkers(recovery, store, folder.journal, identity=identity, prefix=_NAME, own=name)
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
            results=ResultLog(journal),
            clock=parts.clock,
            retry=retry,
            idle_end_s=idle_end_s,
            watch=others.look,
        )
        await run_campaigns(deps, stop)
        await recovery.end(own)


def _own_journal(parts: Parts) -> tuple[JournalWriter, str]:
    """Return a journal that no living worker has; its lock shows that this worker lives."""
    for number in range(1, _WORKERS):
        name = f"{_NAME}{number}"
        try:
            return JournalWriter(parts.folder.journal, name, max_bytes=parts.settings.journal_max_bytes), name
        except InUseError:
            continue
    raise InUseError(f"{_WORKERS - 1} workers run on {parts.folder.root} already")
