"""The API on a real store and history; what is handed in is kept in a list."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from postlude.api import ApiDeps, create_api
from postlude.history import open_history
from postlude.kit.clock import SystemClock
from postlude.kit.ids import new_id
from postlude.model.api_scope import ApiScope
from postlude.model.event import Event
from postlude.model.words import EventKind, Verdict, Via
from postlude.services.accounts.api_keys import new_api_key
from postlude.services.change_feed import Changes
from postlude.services.messages.accept import NewMessage
from postlude.services.messages.idempotent import IdempotentCalls
from postlude.services.reports.messages import Reports
from postlude.store import Batch, Copy, Link, Message, Submission, User, open_store
from support.history_template import empty_history
from support.state_template import sqlite_state

CLOCK = SystemClock()
NOW = 1_800_000_000_000_000


@dataclass
class ApiWorld:
    """Two users, their keys, and what programs handed in."""

    deps: ApiDeps
    alice: User
    charlie: User
    changes: Changes
    submitted: list[NewMessage] = field(default_factory=list)

    def client(self, *scopes: ApiScope, user: User | None = None, senders: tuple[str, ...] = ()) -> TestClient:
        """A program with a key of these scopes; without any, one with all."""
        made = new_api_key(self.deps.store, CLOCK, user or self.alice, "test", scopes or tuple(ApiScope), senders)
        return self.nameless({"Authorization": f"Bearer {made.secret}"})

    def nameless(self, headers: dict[str, str] | None = None) -> TestClient:
        """A program without a key."""
        return TestClient(create_api(self.deps), headers=headers, raise_server_exceptions=False)

    def with_deps(self, **changed: Any) -> "ApiWorld":
        return replace(self, deps=replace(self.deps, **changed))

    def happened(self, user: User, *kinds: EventKind, recipient: str = "bob@example.net") -> tuple[int, list[Event]]:
        """A message of the user to one recipient, and these events of it; its id and they."""
        message, copy = new_id(), new_id()
        row = Message(
            id=message, user=user.id, message_id="a@example.org", subject="Prices", sender=user.address,
            mail_from=user.address, via=Via.API, created_at=NOW,
        )  # fmt: skip
        links = (Link(message, 0, "https://example.com/a", "Prices"),)
        copies = (Copy(copy, message, recipient),)
        self.deps.store.digest.apply(Batch(submissions=[Submission(row, links, copies)]))
        events = [
            Event(new_id(), kind, NOW + at, message, copy, 0, Verdict.HUMAN, ("browser",), 6, {"client": "Firefox"})
            for at, kind in enumerate(kinds)
        ]
        self.deps.store.digest.apply(Batch(events=events, at=CLOCK.now()))
        return message, events


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ApiWorld]:
    history = open_history(empty_history(tmp_path / "h.duckdb"))
    store, changes = open_store(sqlite_state(tmp_path)), Changes()
    alice = store.accounts.create_user("alice@example.org", "Alice", ("*@club.example",), 1)
    charlie = store.accounts.create_user("charlie@example.org", "Charlie", (), 2)
    submitted: list[NewMessage] = []

    async def submit(new: NewMessage) -> int:
        await asyncio.sleep(0.01)
        submitted.append(new)
        return new.message

    deps = ApiDeps(
        store=store,
        reports=Reports(store, history),
        changes=changes,
        clock=CLOCK,
        submit=submit,
        calls=IdempotentCalls(store, CLOCK),
        public_url="https://mail.example.org",
    )
    yield ApiWorld(deps, alice, charlie, changes, submitted)
    history.close()
    store.close()


Mail = Callable[..., dict[str, Any]]


@pytest.fixture
def mail() -> Mail:
    def made(**changed: Any) -> dict[str, Any]:
        return {
            "from": "Alice <alice@example.org>",
            "to": ["bob@example.net"],
            "subject": "Hi",
            "text": "Hello",
        } | changed

    return made
