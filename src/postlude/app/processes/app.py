"""The app process: web app, imports, mailboxes and campaigns put together beside the flow of mail, in order."""

import asyncio
from collections.abc import Sequence
from functools import partial
from socket import socket

from postlude.api import create_api
from postlude.app.background.campaign_supervisor import CampaignWorkers
from postlude.app.background.clock_watch import ClockWatch
from postlude.app.background.control_socket import control_app, control_socket
from postlude.app.background.health_watch import HealthWatch, WatchedLoop
from postlude.app.background.imap import Mailboxes, imap_folders
from postlude.app.background.login_copies import login_copies
from postlude.app.background.provider_calls import Calls
from postlude.app.background.report_mails import ReportMails
from postlude.app.background.subject_access import DataRequests
from postlude.app.build.common import Parts, own_name
from postlude.app.build.sending import retry_schedule
from postlude.app.build.stores import Stores
from postlude.app.build.web import WebWiring, api_beside_web, build_api_deps, build_web_deps
from postlude.app.processes.http_server import WebServer
from postlude.app.processes.lifetime import Lifetime
from postlude.app.processes.mail_flow import MailFlow
from postlude.app.processes.web_socket import WebSocket
from postlude.services.accounts.users import sign_in_link
from postlude.services.integrity.sending_pause import problems as stored_problems
from postlude.services.messages.accept import accept
from postlude.web import create_app
from postlude.worker.imports import Imports


class AppProcess(Lifetime):
    """An async context in that of its `flow`: inside it everything runs.

    `supervised`: `postlude up` started the others.
    """

    def __init__(
        self, parts: Parts, stores: Stores, flow: MailFlow, web: WebSocket, watch: HealthWatch, *, supervised: bool
    ) -> None:
        super().__init__()
        self._parts = parts
        self._store, self._history, self._journal = stores.store, stores.history, stores.journal
        self._first_password = stores.first_password
        self._session_secrets = stores.session_secrets
        self._flow = flow
        self._web = web
        self._watch = watch
        self._supervised = supervised
        self._stopping = asyncio.Event()

    async def _start(self) -> None:
        # In this order: what an earlier step opened, later ones use, and it is closed after them. So at last the web
        # app takes no new requests.
        self._build_readers()
        await self._serve_web()
        await self._serve_control()
        self._start_thread("imports", self._imports.run, self._imports.stop)
        await self._start_background()
        self._watch.running.store = self._store
        self._stack.callback(setattr, self._watch.running, "store", None)

    def _build_readers(self) -> None:
        parts, store, spool_in = self._parts, self._store, self._flow.spool_in
        host = own_name(parts.settings)
        self._submit = partial(accept, self._journal.append, self._flow.spool_out, parts.clock, host=host)
        self._mailboxes = Mailboxes(imap_folders(parts.settings), store, self._journal, spool_in, parts.clock)
        self._calls = Calls(parts, store, self._journal)
        self._imports = Imports(store, parts.clock, parts.folder.uploads)
        running = self._watch.running
        running.mailboxes = lambda: self._mailboxes.problems
        running.loops += [WatchedLoop("imports", self._imports), WatchedLoop("calls", self._calls.work)]

    async def _serve_web(self) -> None:
        flow = self._flow
        deps = build_web_deps(
            self._parts,
            self._store,
            self._history,
            WebWiring(
                changes=flow.changes,
                accept=self._submit,
                append=self._journal.append,
                health=self._watch.health,
                returned_mail=flow.spool_in.get,
                import_ordered=self._imports.wake,
                outbox=flow.outbox,
                stopping=self._stopping,
                session_secrets=self._session_secrets,
            ),
        )
        api = create_api(build_api_deps(self._parts, deps))
        await self._web.show(api_beside_web(api, create_app(deps)))

        async def end() -> None:
            self._stopping.set()
            await self._web.stop()

        self._stack.push_async_callback(end)

    async def _serve_control(self) -> None:
        path, flow = self._parts.folder.control, self._flow
        control = control_app(self._store, self._history, flow.reclassifier, flow.rebuilder, self._watch.health)
        await self._serve([control_socket(path)], control)
        self._stack.callback(partial(path.unlink, missing_ok=True))

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
        loops.append(WatchedLoop("report mails", await enter(ReportMails(parts, store, self._submit))))

    async def _serve(self, sockets: Sequence[socket], application: object) -> None:
        server = WebServer(application, sockets)
        await server.start()

        async def end() -> None:
            self._stopping.set()
            await server.stop()

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
