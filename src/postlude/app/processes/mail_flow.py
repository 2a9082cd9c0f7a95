"""What mail needs of the app process: the digest, withdrawals and the sender of single mails, on open stores.

It is loaded and started before the web app, whose programs take as long again: a mail that was handed in meanwhile
leaves while they load.
"""

import asyncio
import sys
from typing import Final

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.background.health_watch import HealthWatch, WatchedLoop
from postlude.app.build.common import Parts
from postlude.app.build.digest import build_digest, own_visits, window_settings
from postlude.app.build.revocations import build_revoker
from postlude.app.build.sending import build_sender, build_tracker, build_transport
from postlude.app.build.stores import Stores
from postlude.app.processes.lifetime import Lifetime
from postlude.services.change_feed import Changes
from postlude.services.digest.loop import Digest
from postlude.services.digest.rebuild_all import Rebuilder
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.messages.recovery import OwnReading
from postlude.services.messages.sender import SenderDeps
from postlude.services.privacy.withdrawals import Revoker
from postlude.worker import Worker

# The digest and what composes mail are threads that compute: the loop gets its turn sooner than after Python's 5 ms.
_SWITCH_SECONDS: Final = 0.001


class MailFlow(Lifetime):
    """An async context: inside it what is journaled is digested, and what is due leaves."""

    def __init__(self, parts: Parts, stores: Stores, watch: HealthWatch) -> None:
        super().__init__()
        self._parts: Final = parts
        self._store, self._history, self._journal = stores.store, stores.history, stores.journal
        self._watch: Final = watch
        self.changes: Final = Changes()
        self.spool_out, self.spool_in = parts.folder.outgoing_mail(), parts.folder.returned_mail()
        self.tracker: Final = build_tracker(parts)
        """Shared: what the digest compiled, the sender renders."""
        self.outbox: Final = SandboxOutbox(parts.folder.mailbox, parts.clock) if parts.settings.sandbox else None
        self.reclassifier: Final = Reclassifier(
            self._history,
            self._store,
            own_visits(parts.settings, self._store),
            settings=window_settings(parts.settings),
            clock=parts.clock,
        )
        keep = parts.settings.keep_events_days
        self.rebuilder: Final = Rebuilder(self._history, self._store, parts.clock, keep_events_days=keep)

    async def _start(self) -> None:
        # At the end in reverse: no new copies, then what was seen is digested.
        sys.setswitchinterval(_SWITCH_SECONDS)
        self._stack.callback(self._watch.running.let_go)
        revoker = build_revoker(self._parts.settings.data, self._store)
        self._watch.running.loops.append(WatchedLoop("withdrawals", revoker))
        self._start_stoppable("revocations", revoker.run, revoker.wake)
        self._start_digest(revoker)
        await self._start_sender()

    def _start_digest(self, revoker: Revoker) -> None:
        digest = self._built_digest(revoker)
        running, state = self._watch.running, digest.state
        running.digest, running.behind = digest, lambda: state.behind
        self._start_stoppable("digest", digest.run)

    def _built_digest(self, revoker: Revoker) -> Digest:
        return build_digest(
            self._parts,
            self._store,
            self._history,
            self.changes,
            tracker=self.tracker,
            spool_out=self.spool_out,
            spool_in=self.spool_in,
            chosen=revoker.wake,
            maintenance=lambda: self.reclassifier.step() or self.rebuilder.step(),
        )

    async def _start_sender(self) -> None:
        parts = self._parts
        transport = self.outbox or build_transport(parts.settings, parts.clock, self._store.sending)
        self._stack.push_async_callback(transport.close)
        stop = asyncio.Event()
        # What this process left in the air is in its own journal: mail need not wait for a backlog of hits as well.
        reading = OwnReading(self._store, parts.folder.journal, parts.clock, stop)
        sender = build_sender(
            parts,
            self._store,
            tracker=self.tracker,
            spool=self.spool_out,
            append=self._journal.append,
            transport=transport,
            digested=reading.digested,
        )
        self._start_worker(sender, stop)

    def _start_worker(self, sender: SenderDeps, stop: asyncio.Event) -> None:
        wake = asyncio.Event()

        async def ring() -> None:
            async for _ in self.changes.subscribe():
                wake.set()

        bell = asyncio.create_task(ring(), name="wake the worker")
        mails = Worker(sender)
        self._watch.running.loops.append(WatchedLoop("sender", mails))
        worker = asyncio.create_task(mails.run(stop, wake), name="worker")

        async def end() -> None:
            stop.set()
            wake.set()
            await asyncio.gather(worker, return_exceptions=True)
            bell.cancel()
            await asyncio.gather(bell, return_exceptions=True)

        self._stack.push_async_callback(end)
