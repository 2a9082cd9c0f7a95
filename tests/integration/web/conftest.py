"""The web app on real stores, a real digest-free history, and a real inbound-like SMTP server."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from aiosmtpd.controller import Controller
from jinja2 import Environment, FileSystemBytecodeCache
from playwright.sync_api import Browser, sync_playwright
from starlette.testclient import TestClient

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.history import History, open_history
from postlude.instrument import Policy
from postlude.journal import Spool
from postlude.kit.ids import new_id
from postlude.kit.sliding_limit import SlidingLimit
from postlude.model.listen_address import ListenAddress
from postlude.services.accounts import preferences, users
from postlude.services.accounts.account_mail import AccountMail, PasswordResets
from postlude.services.accounts.passkeys import Passkeys
from postlude.services.accounts.sign_in import PasswordSignIn
from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.services.campaigns.content import Contents
from postlude.services.change_feed import Changes
from postlude.services.domains.dns_records import PublishedKey, RecordCheck, Setup, check, records
from postlude.services.health import Health
from postlude.services.messages.accept import NewMessage
from postlude.services.reports.messages import Reports
from postlude.store import open_store
from postlude.tokens import KeyRing, Prefixes, TokenCodec
from postlude.web import AccountParts, CampaignTools, ContactParts, RelayInfo, WebDeps, create_app, pages
from support.history_template import empty_history
from support.state_template import sqlite_state
from support.web_world import CLOCK, Csrf, Inbox, World, csrf_of


@pytest.fixture(scope="session", autouse=True)
def _templates_compiled_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Every app compiles its templates anew, which costs each test 0.05 s: here they are compiled once."""
    cache = FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages, "Environment", partial(Environment, bytecode_cache=cache))
        yield


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    history = open_history(empty_history(tmp_path / "history.duckdb"))
    yield history
    history.close()


@pytest.fixture
def world(tmp_path: Path, history: History) -> Iterator[World]:
    store = open_store(sqlite_state(tmp_path))
    alice = store.accounts.create_user("alice@example.org", "Alice", ("sales@example.org", "*@club.example"), 1)
    charlie = store.accounts.create_user("charlie@example.org", "Charlie", (), 2)
    submitted: list[dict[str, Any]] = []

    appended: list[bytes] = []

    async def append(record: bytes) -> None:
        appended.append(record)

    async def submit(new: NewMessage) -> int:
        submitted.append(
            {"user": new.user, "mail_from": new.mail_from, "recipients": list(new.recipients), "raw": new.raw}
        )
        return new_id()

    async def account_mails(mail: AccountMail) -> None:
        submitted.append({"user": mail.user, "recipients": [mail.recipient], "raw": mail.raw})

    inbox = Inbox()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]  # aiosmtpd connects to itself, so it must be told a number
    server = Controller(inbox, hostname="127.0.0.1", port=port)
    server.start()
    codec = TokenCodec(KeyRing({1: bytes(32)}, 1))
    contents = Contents(store, codec, "http://127.0.0.1:1", Prefixes(), lambda _user: Policy())
    changes, outbox = Changes(), SandboxOutbox(tmp_path / "mailbox", CLOCK)
    deps = WebDeps(
        store=store,
        reports=Reports(store, history),
        changes=changes,
        clock=CLOCK,
        codec=codec,
        submit=submit,
        append=append,
        redeem=lambda token: users.use_sign_in(store, token, CLOCK),
        new_app_password=lambda user, label, purpose: users.new_app_password(store, user, label, CLOCK, purpose),
        get_preferences=lambda user: preferences.get_preferences(store, user),
        put_preferences=lambda user, wishes: preferences.put_preferences(store, user, wishes),
        health=lambda: Health((("web", "127.0.0.1:8700"), ("relay", "127.0.0.1:8702"))),
        secret=b"s" * 32,
        public_url="http://127.0.0.1",
        edge_url="http://127.0.0.1:1",
        relay=RelayInfo("127.0.0.1", 8702),
        inbound=ListenAddress("127.0.0.1", port),
        returned_mail=Spool(tmp_path / "spool").get,
        contacts=ContactParts(tmp_path / "uploads", lambda: None, lambda one, who: f"https://t.test/c/{one:x}-{who:x}"),
        accounts=AccountParts(
            PasswordSignIn(store, CLOCK),
            PasswordResets(store, CLOCK, "http://127.0.0.1", account_mails),
            account_mails,
            SingleSignOn(store, CLOCK),
            Passkeys(store, CLOCK, "http://127.0.0.1"),
            SlidingLimit(1, 600, 1000),
        ),
        campaigns=CampaignTools(contents, tmp_path / "files", lambda _domain: False, lambda _copies: ""),
        outbox=outbox,
        domains=StillDomains(),
    )
    (tmp_path / "uploads").mkdir()
    try:
        yield World(deps, alice, charlie, changes, outbox, inbox, submitted, appended)
    finally:
        server.stop()
        store.close()


class StillDomains:
    """One domain, and a DNS that knows half of its records."""

    def names(self) -> tuple[str, ...]:
        return ("example.org",)

    def check(self, domain: str) -> list[RecordCheck]:
        setup = Setup("t.example.org", "back.example.org", "mail.example.net", "a:mail.example.net")
        keys = [
            PublishedKey("pl1r", "v=DKIM1; k=rsa; p=" + "MIIB" * 90),
            PublishedKey("pl1e", "v=DKIM1; k=ed25519; p=AAAA"),
        ]
        known = {
            ("pl1r._domainkey.example.org", "TXT"): [keys[0].record],
            ("pl1e._domainkey.example.org", "TXT"): ["v=DKIM1; k=ed25519; p="],
            ("t.example.org", "A"): ["192.0.2.1"],
        }
        return check(records(domain, keys, setup), lambda name, kind: known.get((name, kind), []))


class Served:
    """The app behind a real uvicorn in a thread."""

    def __init__(self, world: World) -> None:
        self._world = world
        config = uvicorn.Config(
            create_app(world.deps), host="127.0.0.1", port=0, log_level="warning", timeout_graceful_shutdown=2
        )
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        self.loop = asyncio.new_event_loop()
        asyncio.set_event_loop(self.loop)
        self.loop.run_until_complete(self._server.serve())
        self.loop.close()

    @contextmanager
    def running(self) -> Iterator[str]:
        self._thread.start()
        while not self._server.started:
            assert self._thread.is_alive()
            threading.Event().wait(0.02)
        port = self._server.servers[0].sockets[0].getsockname()[1]
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            self.loop.call_soon_threadsafe(self._world.deps.stopping.set)
            self._server.should_exit = True
            self._thread.join(10)
            assert not self._thread.is_alive()


@pytest.fixture
def served(world: World) -> Iterator[str]:
    with Served(world).running() as url:
        yield url


@pytest.fixture
def csrf() -> Csrf:
    def read(client: TestClient, path: str) -> str:
        return csrf_of(client.get(path).text)

    return read


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
        yield browser
        browser.close()
