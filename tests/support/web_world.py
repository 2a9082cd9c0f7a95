"""The web app as its tests see it: users, what they submitted, and what came back."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.testclient import TestClient

from postlude.adapters.sandbox_outbox import SandboxOutbox
from postlude.kit.clock import SystemClock
from postlude.services.accounts import users
from postlude.services.change_feed import Changes
from postlude.store import User
from postlude.web import WebDeps
from support.audited_client import AuditedClient

CLOCK = SystemClock()
Csrf = Callable[[TestClient, str], str]
"""The form token of a page."""


@dataclass
class Inbox:
    """What came to the inbound server."""

    mails: list[Any] = field(default_factory=list)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name and type
        self.mails.append(envelope)
        return "250 2.0.0 taken"


@dataclass
class World:
    deps: WebDeps
    alice: User
    charlie: User
    changes: Changes
    outbox: SandboxOutbox
    inbox: Inbox
    submitted: list[dict[str, Any]]
    appended: list[bytes]

    def client(self, user: User | None = None) -> TestClient:
        """A browser; signed in when a user is given."""
        client = AuditedClient(self.deps)
        if user is not None:
            client.get(f"/sign-in/{self.token(user)}", follow_redirects=False)
        return client

    def token(self, user: User) -> str:
        return users.sign_in_link(self.deps.store, CLOCK, user)

    def with_deps(self, **changed: Any) -> "World":
        return replace(self, deps=replace(self.deps, **changed))


def csrf_of(page: str) -> str:
    return page.partition('name="csrf" value="')[2].partition('"')[0]
