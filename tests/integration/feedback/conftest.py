"""A whole data folder without its processes: what came back goes through the real journal, digest and stores."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from postlude.app.background.provider_calls import certificates, hook_addresses, provider_keys
from postlude.app.build.common import build_parts
from postlude.app.build.digest import build_digest
from postlude.app.build.sending import build_tracker
from postlude.config import Settings
from postlude.history import open_history
from postlude.journal import JournalWriter
from postlude.kit.ids import new_id
from postlude.model.event import Event
from postlude.model.observation import Attempt, Observation, Resolved, Returned, Submitted, Webhook, encode_observation
from postlude.model.words import EventKind, SendOutcome, Via
from postlude.services.change_feed import Changes
from postlude.services.feedback.pending_calls import WaitingCalls
from postlude.services.reports.messages import Reports
from postlude.services.reports.shapes import CopyView
from postlude.store import Copy, User, open_store
from postlude.store.engine import Database, engine_of
from postlude.store.messages.tables import copies
from postlude.tokens import TagPurpose
from support.history_template import empty_history
from support.state_template import sqlite_state

ALICE, BOB, EVE = "alice@sender.test", "bob@customer.test", "eve@other.test"
SENT_AT = 1_700_000_000_000_000
RAW_MAIL = (
    f"From: {ALICE}\r\nTo: {BOB}\r\nSubject: Our offer\r\nMessage-ID: <offer@sender.test>\r\n\r\nHello Bob\r\n".encode()
)


class World:
    """Alice wrote to some recipients; tests bring back what they like."""

    @classmethod
    def reopened(cls, folder: Path, user: User, **settings: object) -> "World":
        """The same folder after a restart with other settings."""
        return cls(folder, user, **settings)

    def __init__(self, folder: Path, user: User | None = None, **settings: object) -> None:
        self.parts = build_parts(Settings(data=folder / "data", **settings))  # type: ignore[arg-type]  # by name
        if user is None:
            sqlite_state(self.parts.folder.root)
        self.store = open_store(self.parts.settings.database, self.parts.folder.forgotten_key)
        self.database = Database(engine_of(self.parts.settings.database))
        self.history = open_history(empty_history(self.parts.folder.history))
        self.journal = JournalWriter(self.parts.folder.journal, "app")
        self.spool_out, self.spool_in = self.parts.folder.outgoing_mail(), self.parts.folder.returned_mail()
        self.user = user or self.store.accounts.create_user(ALICE)
        self.reports = Reports(self.store, self.history)
        self.changes = Changes()
        self.fetched: list[str] = []
        self.answers: dict[str, bytes] = {}
        self.begin()

    def begin(self) -> None:
        """A new digest, as a restart would make it."""
        self.digest = build_digest(
            self.parts,
            self.store,
            self.history,
            self.changes,
            tracker=build_tracker(self.parts),
            spool_out=self.spool_out,
            spool_in=self.spool_in,
        )
        keys = provider_keys(self.parts.settings)
        again = self.journal.append_blocking
        self.waiting = WaitingCalls(self.store, certificates(self.parts), keys, self._get, again)

    def _get(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.answers[url]

    def close(self) -> None:
        self.journal.close()
        self.history.close()
        self.database.close()
        self.store.close()

    def say(self, *observations: Observation) -> None:
        for one in observations:
            self.journal.append_blocking(encode_observation(one))
        self.digest.catch_up()

    def sent(self, *recipients: str, remote_id: str = "") -> list[Copy]:
        """A message that the next server accepted for each of the recipients."""
        message = new_id()
        self.spool_out.put(message, RAW_MAIL)
        self.say(Submitted(SENT_AT, message, self.user.id, Via.RELAY, ALICE, recipients))
        copies = {copy.recipient: copy for copy in self.store.messages.copies(message)}
        for copy in copies.values():
            accepted = Attempt(
                SENT_AT, message, copy.id, SendOutcome.ACCEPTED, 250, "", "ok", "mx", "end-of-data", 1, 0, remote_id
            )
            self.say(accepted)
        return [copies[recipient] for recipient in recipients]

    def came_by(self, copy: Copy, list_id: int, contact: int) -> None:
        """The copy is one of a mailing to a list."""
        change = update(copies).where(copies.c.id == copy.id).values(list=list_id, contact=contact)
        with self.database.write() as connection:
            connection.execute(change)

    def tag(self, copy: Copy, purpose: TagPurpose = TagPurpose.BOUNCE) -> str:
        name = {TagPurpose.BOUNCE: "bounce", TagPurpose.REPLY: "r", TagPurpose.UNSUBSCRIBE: "u"}[purpose]
        return f"{name}+{self.parts.codec.mint_tag(purpose, copy.id)}@bounce.sender.test"

    def returned(self, raw: bytes, rcpt_to: str = "", *, channel: str = "smtp", mail_from: str = "") -> int:
        """A mail comes back through a channel."""
        mail = new_id()
        self.spool_in.put(mail, raw)
        self.say(Returned(SENT_AT + 1_000_000, mail, channel, mail_from, rcpt_to))
        return mail

    def called(
        self, provider: str, body: bytes, headers: dict[str, str] | None = None, at: int = SENT_AT + 2_000_000
    ) -> None:
        """A provider calls."""
        self.say(Webhook(at, provider, headers or {}, body))

    def resolve(self, unmatched: int, copy: int = 0) -> None:
        """A person decides."""
        self.say(Resolved(SENT_AT + 5_000_000, unmatched, copy, self.user.id))

    def view(self, copy: Copy) -> CopyView:
        message = self.reports.message(copy.message)
        return next(one for one in message.copies if one.copy == copy.id)

    def events(self, copy: Copy | None = None) -> list[Event]:
        found = self.history.since(0, list(EventKind))
        return [event for event in found if event.copy == (copy.id if copy else 0)]

    def kinds(self, copy: Copy) -> list[str]:
        """What happened to a copy after it was sent."""
        return [event.kind.value for event in self.events(copy) if event.kind not in {EventKind.QUEUED, EventKind.SENT}]

    def address(self, provider: str) -> str:
        return hook_addresses(self.parts)[provider]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with closing(World(tmp_path)) as made:
        yield made
