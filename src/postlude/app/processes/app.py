"""The app process: stores, digest, sender and web app put together, started in order and stopped in reverse."""

import asyncio
import gc
import logging
import sys
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from socket import socket
from types import TracebackType
from typing import Final, Protocol, Self

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.background.campaign_supervisor import CampaignWorkers
from postlude.app.background.clock_watch import ClockWatch
from postlude.app.background.control_socket import control_app, control_socket
from postlude.app.background.edge_monitor import EdgeWatch, journal_alarms
from postlude.app.background.imap import Mailboxes, imap_folders
from postlude.app.background.provider_calls import Calls
from postlude.app.background.subject_access import DataRequests
from postlude.app.build.common import Parts, own_name
from postlude.app.build.digest import build_digest
from postlude.app.build.history import open_or_quarantine
from postlude.app.build.revocations import build_revoker
from postlude.app.build.sending import build_sender, build_tracker, build_transport, retry_schedule
from postlude.app.build.web import WebWiring, build_web_deps
from postlude.app.processes.http_server import WebServer
from postlude.app.processes.migrate_first import bring_forward
from postlude.journal import JournalWriter, Spool
from postlude.model.errors import InUseError, StorageError
from postlude.model.words import Via
from postlude.services.accounts.users import (
    create_first_user,
    new_app_password,
    sign_in_link,
)
from postlude.services.change_feed import Changes
from postlude.services.digest.loop import COLLECT, Digest
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.integrity.sending_pause import pause_if_new
from postlude.services.integrity.sending_pause import problems as stored_problems
from postlude.services.messages.recovery import OwnReading
from postlude.services.messages.sender import SenderDeps
from postlude.services.messages.submission import accept
from postlude.services.messages.waiting import waiting_problem
from postlude.services.privacy.withdrawals import Revoker
from postlude.store import open_store
from postlude.web import Health, create_app
from postlude.worker import Worker
from postlude.worker.imports import Imports

# The digest and what composes mail are threads that compute: the loop gets its turn sooner than after Python's 5 ms.
_SWITCH_SECONDS: Final = 0.001

log: Final = logging.getLogger("postlude.app")


class Troubled(Protocol):
    """A part that runs in the background and can be in trouble."""

    @property
    def problem(self) -> str:
        """Why it does not get on, in one sentence; empty when it does."""
        ...


class AppProcess:
    """An async context: inside it everything runs. `endpoints` are those this instance listens for."""

    def __init__(self, parts: Parts, web: socket, endpoints: Sequence[str]) -> None:
        self._parts = parts
        self._web_socket = web
        self._endpoints = endpoints
        self._stack = AsyncExitStack()
        self._changes = Changes()
        self._stopping = asyncio.Event()
        self._first_password = ""
        self._loops: list[Troubled] = []

    async def __aenter__(self) -> Self:
        """Open the stores, start digest, web app and sender."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop in reverse: no new requests, no new copies, then what was seen is digested, then the stores close."""
        await self._stack.aclose()

    async def _start(self) -> None:
        # In this order: what an earlier step opened, later ones use, and it is closed after them.
        self._open_stores()
        self._open_journal()
        self._build_digest()
        self._build_readers()
        self._start_revoker(self._revoker)
        await self._start_digest(self._digest)
        await self._watch_edge()
        await self._serve_web()
        await self._serve_control()
        await self._start_sender()
        self._start_imports()
        await self._start_background()

    def _open_stores(self) -> None:
        settings, folder, clock = self._parts.settings, self._parts.folder, self._parts.clock
        gc.set_threshold(*COLLECT)
        used = folder.was_used()
        bring_forward(settings.database)
        self._store = open_store(settings.database, self._parts.folder.forgotten_key)
        self._stack.callback(self._store.close)
        pause_if_new(self._store, clock, folder.identity(), used=used)
        self._first_user()
        self._history = open_or_quarantine(folder.history, self._store, clock)
        self._stack.callback(self._history.close)

    def _open_journal(self) -> None:
        settings, folder = self._parts.settings, self._parts.folder
        self._journal = JournalWriter(folder.journal, "app", max_bytes=settings.journal_max_bytes)
        self._stack.callback(self._journal.close)
        self._spool_out, self._spool_in = Spool(folder.spool_out), Spool(folder.spool_in)
        self._submit = partial(
            accept, self._journal.append, self._spool_out, self._parts.clock, via=Via.WEB, host=own_name(settings)
        )

    def _build_digest(self) -> None:
        self._tracker = build_tracker(self._parts)  # shared: what the digest compiled, the sender renders
        self._reclassifier = Reclassifier(self._history, self._store)
        self._revoker = build_revoker(self._parts.settings.data, self._store)
        self._digest = build_digest(
            self._parts,
            self._store,
            self._history,
            self._changes,
            tracker=self._tracker,
            spool_out=self._spool_out,
            spool_in=self._spool_in,
            chosen=self._revoker.wake,
            maintenance=self._reclassifier.step,
        )

    def _build_readers(self) -> None:
        parts, store = self._parts, self._store
        self._mailboxes = Mailboxes(imap_folders(parts.settings), store, self._journal, self._spool_in, parts.clock)
        self._calls = Calls(parts, store, self._journal)
        self._imports = Imports(store, parts.clock, parts.folder.uploads)
        self._loops += [self._digest, self._revoker, self._imports, self._calls.work]

    async def _watch_edge(self) -> None:
        self._watch = EdgeWatch(self._parts.settings.local_edge)
        await self._stack.enter_async_context(self._watch)

    async def _serve_web(self) -> None:
        parts, folder = self._parts, self._parts.folder
        self._outbox = SandboxOutbox(folder.mailbox, parts.clock) if parts.settings.sandbox else None
        deps = build_web_deps(
            parts,
            self._store,
            self._history,
            WebWiring(
                changes=self._changes,
                submit=self._submit,
                append=self._journal.append,
                health=self.health,
                returned_mail=self._spool_in.get,
                import_ordered=self._imports.wake,
                outbox=self._outbox,
                stopping=self._stopping,
            ),
        )
        await self._serve([self._web_socket], create_app(deps))

    async def _serve_control(self) -> None:
        path = self._parts.folder.control
        await self._serve([control_socket(path)], control_app(self._store, self._history, self._reclassifier))
        self._stack.callback(partial(path.unlink, missing_ok=True))

    async def _start_sender(self) -> None:
        parts = self._parts
        transport = self._outbox or build_transport(parts.settings, parts.clock, self._store.sending)
        self._stack.push_async_callback(transport.close)
        stop = asyncio.Event()
        # What this process left in the air is in its own journal: mail need not wait for a backlog of hits as well.
        reading = OwnReading(self._store, parts.folder.journal, parts.clock, stop)
        sender = build_sender(
            parts,
            self._store,
            tracker=self._tracker,
            spool=self._spool_out,
            append=self._journal.append,
            transport=transport,
            digested=reading.digested,
        )
        await self._start_worker(sender, self._changes, stop)

    async def _start_background(self) -> None:
        parts, store = self._parts, self._store
        self._loops.append(await self._stack.enter_async_context(CampaignWorkers(store, parts.clock)))
        await self._stack.enter_async_context(self._mailboxes)
        await self._stack.enter_async_context(self._calls)
        requests = DataRequests(parts, store, self._history, self._submit)
        self._loops.append(await self._stack.enter_async_context(requests))
        clock_watch = ClockWatch(store, parts.clock, retry_schedule(parts.settings))
        self._loops.append(await self._stack.enter_async_context(clock_watch))

    async def _start_digest(self, digest: Digest) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=digest.run, args=(stop,), name="digest")
        thread.start()

        async def end() -> None:
            stop.set()
            await asyncio.to_thread(thread.join)

        self._stack.push_async_callback(end)

    def _start_revoker(self, revoker: Revoker) -> None:
        stop = threading.Event()
        thread = threading.Thread(target=revoker.run, args=(stop,), name="revocations")
        thread.start()

        async def end() -> None:
            stop.set()
            revoker.wake()
            await asyncio.to_thread(thread.join)

        self._stack.push_async_callback(end)

    async def _serve(self, sockets: Sequence[socket], application: object) -> None:
        server = WebServer(application, sockets)
        await server.start()

        async def end() -> None:
            self._stopping.set()
            await server.stop()

        self._stack.push_async_callback(end)

    def _start_imports(self) -> None:
        thread = threading.Thread(target=self._imports.run, name="imports")
        thread.start()

        async def end() -> None:
            self._imports.stop()
            await asyncio.to_thread(thread.join)

        self._stack.push_async_callback(end)

    async def _start_worker(self, sender: SenderDeps, changes: Changes, stop: asyncio.Event) -> None:
        wake = asyncio.Event()

        async def ring() -> None:
            async for _ in changes.subscribe():
                wake.set()

        bell = asyncio.create_task(ring(), name="wake the worker")
        mails = Worker(sender)
        self._loops.append(mails)
        worker = asyncio.create_task(mails.run(stop, wake), name="worker")

        async def end() -> None:
            stop.set()
            wake.set()
            await asyncio.gather(worker, return_exceptions=True)
            bell.cancel()
            await asyncio.gather(bell, return_exceptions=True)

        self._stack.push_async_callback(end)

    def _first_user(self) -> None:
        parts = self._parts
        if self._store.accounts.first_user() is None and self._store.integrity.sending_pause() is None:
            user = create_first_user(self._store, parts.clock, parts.settings.owner, "Owner")
            self._first_password = new_app_password(self._store, user, "first start", parts.clock)

    def health(self) -> Health:
        """The web app's status line."""
        problems = [loop.problem for loop in self._loops if loop.problem]
        problems += [*self._watch.problems, *journal_alarms(self._parts), *self._mailboxes.problems]
        problems += self._stored_problems()
        places = {endpoint: self._parts.settings.listens(endpoint) for endpoint in self._endpoints}
        listening = tuple((endpoint, f"{host}:{port}") for endpoint, (host, port) in places.items())
        return Health(
            listening=listening, lost=self._watch.lost, behind=self._digest.state.behind, problems=tuple(problems)
        )

    def _stored_problems(self) -> list[str]:
        try:
            return [*stored_problems(self._store), *filter(None, [waiting_problem(self._store, self._parts.clock)])]
        except (StorageError, InUseError) as error:
            return [str(error)]

    def welcome(self) -> str:
        """The terminal's text when everything runs."""
        settings = self._parts.settings
        lines = [f"Postlude runs. Data: {settings.data}", "", f"  web app   {settings.public_web}"]
        if "edge" in self._endpoints:
            lines.append(f"  tracking  {settings.public_edge}")
            lines.append(
                f"  relay     {settings.relay_host}:{settings.relay_port} (SMTP, your mail client's outgoing server)"
            )
            lines.append(f"  inbound   {settings.inbound_host}:{settings.inbound_port} (SMTP, bounces and replies)")
        if settings.sandbox:
            lines.append("  sandbox   no mail server is set: mail stays in the mailbox of the web app")
        user = self._store.accounts.first_user()
        if self._first_password and user:
            token = sign_in_link(self._store, self._parts.clock, user)
            lines += [
                "",
                f"  sign in   {settings.public_web}/sign-in/{token}",
                f"  login     {user.address}",
                f"  password  {self._first_password}",
                "",
                "  The link works once, for an hour. Login and password are for the relay and are shown only now.",
            ]
        else:
            lines += ["", "  `postlude sign-in` prints a link into the web app."]
        lines += [line for problem in self._stored_problems() for line in ("", f"  ATTENTION: {problem}")]
        return "\n".join(lines)
