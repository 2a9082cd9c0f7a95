"""The instance as the demo uses it: its processes' parts, composed as the app composes them, in the demo's time."""

import asyncio
import dataclasses
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from postlude.app.build.common import Parts, own_name
from postlude.app.build.digest import build_digest
from postlude.app.build.sending import build_contents, build_sender, build_tracker
from postlude.app.demo.clock import DemoClock
from postlude.app.demo.outbox import DemoOutbox
from postlude.app.demo.story import OWNER_NAME
from postlude.history import open_history
from postlude.journal import JournalWriter, checksum
from postlude.kit.csv_table import CsvTable
from postlude.kit.ids import new_id
from postlude.model.observation import Observation, Returned, encode_observation
from postlude.model.words import Purpose, Via
from postlude.services.accounts.users import create_first_user
from postlude.services.campaigns.copy_composer import CopyComposer
from postlude.services.campaigns.work import CampaignWork, worker_wanted
from postlude.services.change_feed import Changes
from postlude.services.contacts.import_job import ImportOrder, order_import, run_import
from postlude.services.messages.accept import NewMessage, accept
from postlude.services.messages.recovery import Recovery
from postlude.services.messages.result_log import ResultLog
from postlude.services.reports.messages import Reports
from postlude.store import open_store
from postlude.worker import CampaignDeps, Worker, run_campaigns

_POLL_S: Final = 0.002
_UNDER_WAY: Final = frozenset({"queued", "claimed", "sending"})


async def _at_once(_journal: str) -> bool:
    return True


class DemoInstance:
    """An async context. Everything goes through the journal and the digest, as it would in two months."""

    def __init__(self, parts: Parts, clock: DemoClock) -> None:
        self.parts: Final = dataclasses.replace(parts, clock=clock)
        self.clock: Final = clock
        self._stack: Final = AsyncExitStack()
        self._seen: list[Observation] = []

    async def __aenter__(self) -> Self:
        """Open the stores and the journals."""
        settings, folder = self.parts.settings, self.parts.folder
        self.store = open_store(settings.database, folder.forgotten_key)
        self._stack.callback(self.store.close)
        self.user = create_first_user(self.store, self.clock, settings.owner, OWNER_NAME)
        self.history = open_history(folder.history)
        self._stack.callback(self.history.close)
        self._journal = JournalWriter(folder.journal, "app")
        self._stack.callback(self._journal.close)
        self._spool_out, self._spool_in = folder.outgoing_mail(), folder.returned_mail()
        self._tracker = build_tracker(self.parts)
        self.contents = build_contents(self.parts, self.store)
        self._digest = build_digest(
            self.parts,
            self.store,
            self.history,
            Changes(),
            tracker=self._tracker,
            spool_out=self._spool_out,
            spool_in=self._spool_in,
        )
        self._reports = Reports(self.store, self.history)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop what sends, then close in reverse."""
        await self._stack.aclose()

    async def send_into(self, outbox: DemoOutbox) -> None:
        """From now on what is accepted leaves into `outbox`."""
        self._outbox = outbox
        self._wake, stop = asyncio.Event(), asyncio.Event()
        sender = build_sender(
            self.parts,
            self.store,
            tracker=self._tracker,
            spool=self._spool_out,
            append=self._journal.append,
            transport=outbox,
            digested=_at_once,
        )
        worker = asyncio.create_task(Worker(sender).run(stop, self._wake), name="demo worker")

        async def end() -> None:
            stop.set()
            self._wake.set()
            await worker

        self._stack.push_async_callback(end)

    def see(self, observation: Observation) -> None:
        """Have it journaled with the next ones."""
        self._seen.append(observation)

    async def digest(self) -> None:
        """Journal what was seen, and read everything."""
        seen, self._seen = self._seen, []
        await asyncio.gather(*(self._journal.append(encode_observation(each)) for each in seen))
        self._digest.catch_up()

    def returned(self, mail_from: str, to: str, raw: bytes) -> None:
        """A mail came back: spooled and journaled as the inbound server does it."""
        mail = new_id()
        self._spool_in.put(mail, raw)
        self.see(Returned(self.clock.now(), mail, "smtp", mail_from, to, checksum(raw)))

    async def submit(self, recipients: Sequence[str], raw: bytes) -> None:
        """One mail of the owner's, until every copy has its outcome."""
        await self.digest()
        message = await accept(
            self._journal.append,
            self._spool_out,
            self.clock,
            NewMessage(user=self.user.id, via=Via.WEB, mail_from=self.user.address, recipients=recipients, raw=raw),
            host=own_name(self.parts.settings),
        )
        self._digest.catch_up()
        while any(copy.status in _UNDER_WAY for copy in self._reports.message(message).copies):
            self._wake.set()
            await asyncio.sleep(_POLL_S)
            self._digest.catch_up()

    async def run_campaigns(self) -> None:
        """What is due of campaigns leaves, as the worker process does it."""
        await self.digest()
        folder = self.parts.folder
        async with AsyncExitStack() as stack:
            journal = JournalWriter(folder.journal, "worker-1")
            stack.callback(journal.close)
            own = f"{folder.identity()}/worker-1"
            recovery = Recovery(self.store, self.clock, journal.append, _at_once)
            worker = await recovery.begin(own)
            assert worker is not None
            stop = asyncio.Event()
            sending = asyncio.create_task(run_campaigns(self._campaign_deps(worker, journal), stop))
            # Asked twice: what is claimed between the two questions of `worker_wanted` is in neither answer.
            while worker_wanted(self.store, self.clock.now()) or self.store.sending.campaign_copies_claimed():
                await asyncio.sleep(_POLL_S)
                self._digest.catch_up()
            stop.set()
            await sending
            self._digest.catch_up()
            await recovery.end(own)

    def _campaign_deps(self, worker: int, journal: JournalWriter) -> CampaignDeps:
        settings = self.parts.settings
        return CampaignDeps(
            store=self.store,
            work=CampaignWork(self.store, self.clock, worker),
            composer=CopyComposer(
                self.contents, self.parts.codec, self.clock, settings.verp_domain, self.parts.dkim.signer
            ),
            transport=self._outbox,
            results=ResultLog(journal),
            clock=self.clock,
        )

    def import_contacts(self, rows: Sequence[Sequence[str]], lists: Sequence[int], tags: Sequence[str]) -> None:
        """A CSV file of people who agreed, imported as the app does it."""
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "customers.csv"
            with path.open("w", encoding="utf-8", newline="") as out:
                table = CsvTable(out)
                for row in rows:
                    table.writerow(row)
            order = ImportOrder(
                file=str(path),
                name=path.name,
                lists=tuple(lists),
                tags=tuple(tags),
                consent=(Purpose.MAIL, Purpose.OPENS, Purpose.CLICKS),
                agreed="ticked at the checkout",
                agreed_text="Yes, send me news of the shop.",
            )
            job = order_import(self.store, self.clock, order, by=self.user.address, owner="demo")
            run_import(self.store, self.clock, job)
