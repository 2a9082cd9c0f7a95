"""The app process: digest, sender and web app put together on open stores, started in order and stopped in reverse."""

import asyncio
import sys
import threading
from collections.abc import Sequence
from contextlib import AsyncExitStack
from functools import partial
from socket import socket
from types import TracebackType
from typing import Final, Self

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.app.background.campaign_supervisor import CampaignWorkers
from postlude.app.background.clock_watch import ClockWatch
from postlude.app.background.control_socket import control_app, control_socket
from postlude.app.background.health_watch import HealthWatch, WatchedLoop
from postlude.app.background.imap import Mailboxes, imap_folders
from postlude.app.background.login_copies import login_copies
from postlude.app.background.provider_calls import Calls
from postlude.app.background.subject_access import DataRequests
from postlude.app.build.common import Parts, own_name
from postlude.app.build.digest import build_digest, own_visits, window_settings
from postlude.app.build.revocations import build_revoker
from postlude.app.build.sending import build_sender, build_tracker, build_transport, retry_schedule
from postlude.app.build.stores import Stores
from postlude.app.build.web import WebWiring, build_web_deps
from postlude.app.processes.http_server import WebServer
from postlude.app.processes.web_socket import WebSocket
from postlude.services.accounts.users import sign_in_link
from postlude.services.change_feed import Changes
from postlude.services.digest.loop import Digest
from postlude.services.digest.rebuild_all import Rebuilder
from postlude.services.digest.reclassify import Reclassifier
from postlude.services.integrity.sending_pause import problems as stored_problems
from postlude.services.messages.accept import accept
from postlude.services.messages.recovery import OwnReading
from postlude.services.messages.sender import SenderDeps
from postlude.services.privacy.withdrawals import Revoker
from postlude.web import create_app
from postlude.worker import Worker
from postlude.worker.imports import Imports

# The digest and what composes mail are threads that compute: the loop gets its turn sooner than after Python's 5 ms.
_SWITCH_SECONDS: Final = 0.001


class AppProcess:
    """An async context on open stores: inside it everything runs. `supervised`: `postlude up` started the others."""

    def __init__(self, parts: Parts, stores: Stores, web: WebSocket, watch: HealthWatch, *, supervised: bool) -> None:
        self._parts = parts
        self._store, self._history, self._journal = stores.store, stores.history, stores.journal
        self._first_password = stores.first_password
        self._session_secret = stores.session_secret
        self._web = web
        self._watch = watch
        self._supervised = supervised
        self._stack = AsyncExitStack()
        self._changes = Changes()
        self._stopping = asyncio.Event()

    async def __aenter__(self) -> Self:
        """Start digest, web app and sender."""
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
        """Stop in reverse: no new requests, no new copies, then what was seen is digested."""
        await self._stack.aclose()

    async def _start(self) -> None:
        # In this order: what an earlier step opened, later ones use, and it is closed after them.
        self._build_submission()
        self._build_digest()
        self._build_readers()
        self._start_revoker(self._revoker)
        await self._start_digest(self._digest)
        await self._serve_web()
        await self._serve_control()
        await self._start_sender()
        self._start_imports()
        await self._start_background()
        self._watch.running.store = self._store
        self._stack.callback(setattr, self._watch.running, "store", None)

    def _build_submission(self) -> None:
        settings, folder = self._parts.settings, self._parts.folder
        self._spool_out, self._spool_in = folder.outgoing_mail(), folder.returned_mail()
        self._submit = partial(
            accept, self._journal.append, self._spool_out, self._parts.clock, host=own_name(settings)
        )

    def _build_digest(self) -> None:
        self._tracker = build_tracker(self._parts)  # shared: what the digest compiled, the sender renders
        self._reclassifier = Reclassifier(
            self._history,
            self._store,
            own_visits(self._parts.settings, self._store),
            settings=window_settings(self._parts.settings),
            clock=self._parts.clock,
        )
        keep = self._parts.settings.keep_events_days
        self._rebuilder = Rebuilder(self._history, self._store, self._parts.clock, keep_events_days=keep)
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
            maintenance=lambda: self._reclassifier.step() or self._rebuilder.step(),
        )

    def _build_readers(self) -> None:
        parts, store = self._parts, self._store
        self._mailboxes = Mailboxes(imap_folders(parts.settings), store, self._journal, self._spool_in, parts.clock)
        self._calls = Calls(parts, store, self._journal)
        self._imports = Imports(store, parts.clock, parts.folder.uploads)
        running, state = self._watch.running, self._digest.state
        running.digest, running.behind = self._digest, lambda: state.behind
        running.mailboxes = lambda: self._mailboxes.problems
        running.loops += [
            WatchedLoop("withdrawals", self._revoker),
            WatchedLoop("imports", self._imports),
            WatchedLoop("calls", self._calls.work),
        ]

    async def _serve_web(self) -> None:
        parts, folder = self._parts, self._parts.folder
        self._outbox = SandboxOutbox(folder.mailbox, parts.clock) if parts.settings.sandbox else None
        deps = build_web_deps(
            parts,
            self._store,
            self._history,
            WebWiring(
                changes=self._changes,
                accept=self._submit,
                append=self._journal.append,
                health=self._watch.health,
                returned_mail=self._spool_in.get,
                import_ordered=self._imports.wake,
                outbox=self._outbox,
                stopping=self._stopping,
                session_secret=self._session_secret,
            ),
        )
        await self._web.show(create_app(deps))

        async def end() -> None:
            self._stopping.set()
            await self._web.stop()

        self._stack.push_async_callback(end)

    async def _serve_control(self) -> None:
        path = self._parts.folder.control
        control = control_app(self._store, self._history, self._reclassifier, self._rebuilder, self._watch.health)
        await self._serve([control_socket(path)], control)
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
        enter, loops = self._stack.enter_async_context, self._watch.running.loops
        loops.append(WatchedLoop("campaigns", await enter(CampaignWorkers(store, parts.clock))))
        await enter(self._mailboxes)
        await enter(self._calls)
        clock_watch = ClockWatch(store, parts.clock, retry_schedule(parts.settings))
        loops.append(WatchedLoop("clock", await enter(clock_watch)))
        loops.append(WatchedLoop("logins", await enter(login_copies(store, parts.folder.logins))))
        requests = DataRequests(parts, store, self._history, self._submit)
        loops.append(WatchedLoop("data requests", await enter(requests)))

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
        self._watch.running.loops.append(WatchedLoop("sender", mails))
        worker = asyncio.create_task(mails.run(stop, wake), name="worker")

        async def end() -> None:
            stop.set()
            wake.set()
            await asyncio.gather(worker, return_exceptions=True)
            bell.cancel()
            await asyncio.gather(bell, return_exceptions=True)

        self._stack.push_async_callback(end)

    def welcome(self) -> str:
        """What the terminal says when everything runs."""
        return "\n".join([*self._places(), *self._sign_in(), *self._attention()])

    def _places(self) -> list[str]:
        settings = self._parts.settings
        lines = [f"Postlude runs. Data: {settings.data}", "", f"  web app   {settings.public_web}"]
        if self._supervised:
            lines.append(f"  tracking  {settings.public_edge}")
            lines.append(
                f"  relay     {settings.relay_host}:{settings.relay_port} (SMTP, your mail client's outgoing server)"
            )
            lines.append(f"  inbound   {settings.inbound_host}:{settings.inbound_port} (SMTP, bounces and replies)")
        if settings.sandbox:
            lines.append("  sandbox   no mail server is set: mail stays in the mailbox of the web app")
        return lines

    def _sign_in(self) -> list[str]:
        settings = self._parts.settings
        user = self._store.accounts.first_user()
        if not self._first_password or user is None:
            return ["", "  `postlude sign-in` prints a link into the web app."]
        token = sign_in_link(self._store, self._parts.clock, user)
        return [
            "",
            f"  sign in   {settings.public_web}/sign-in/{token}",
            f"  login     {user.address}",
            f"  password  {self._first_password}",
            "",
            "  The link works once, for an hour. Login and password are for the relay and are shown only now.",
        ]

    def _attention(self) -> list[str]:
        return [line for problem in stored_problems(self._store) for line in ("", f"  ATTENTION: {problem}")]
