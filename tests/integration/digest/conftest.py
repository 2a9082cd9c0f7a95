"""A digest over a real journal and real stores."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from postlude.app.build.digest import MAIL_FIRST
from postlude.classify import Judgement
from postlude.feedback import Finding, FindingKind
from postlude.history import History, open_history
from postlude.journal import JournalReader, JournalRecord, JournalWriter, Position, Spool
from postlude.kit.clock import SystemClock
from postlude.model.event import Event
from postlude.model.observation import Observation, Returned, Submitted, encode_observation
from postlude.model.words import EventKind, Verdict, Via
from postlude.services.change_feed import Changes
from postlude.services.digest.attempts import SenderKnown, SubmissionReader, Submissions
from postlude.services.digest.attribution import Attribution
from postlude.services.digest.findings import Repeats
from postlude.services.digest.hits import Hits
from postlude.services.digest.loop import Digest
from postlude.services.digest.ports import MaintenanceStep
from postlude.services.digest.reconsider import Windows
from postlude.services.digest.returned_mail import ReturnedMail
from postlude.services.digest.steps import RecordSteps
from postlude.services.digest.withdrawal_removal import WithdrawalRemoval
from postlude.services.digest.withdrawn import Withdrawn
from postlude.services.notices import Notices
from postlude.store import Copy, Link, Message, Store, Submission
from support.history_template import empty_history


class FromTheStart(JournalReader):
    """Reads everything again, as if no store had told where it is."""

    def read(self, _after: Mapping[int, Position], limit: int) -> list[JournalRecord]:
        return super().read({}, limit)


class World:
    """One data folder. `say` journals, `digest` makes a new digest as a restart would."""

    def __init__(self, folder: Path, store: Store, history: History) -> None:
        self.folder, self.store, self.history = folder, store, history
        self.writer = JournalWriter(folder / "journal", "edge")
        self.spool = Spool(folder / "spool")
        self.changes = Changes()
        self.take = take

    def say(self, *observations: Observation | bytes) -> None:
        for one in observations:
            self.writer.append_blocking(one if isinstance(one, bytes) else encode_observation(one))

    def digest(
        self,
        *,
        hits: Hits | None = None,
        batch_records: int = 100,
        chosen: Callable[[], None] = lambda: None,
        windows: Windows | None = None,
        notices: Notices | None = None,
        know_sender: SenderKnown = lambda _message, _user: None,
        reading: SubmissionReader | None = None,
        maintenance: MaintenanceStep = lambda: False,
        reader: type[JournalReader] = JournalReader,
    ) -> Digest:
        withdrawn = Withdrawn(self.store.privacy)
        submissions = Submissions(reading or take, self.spool.get, know_sender, self.spool.size)
        record_steps = RecordSteps(
            submissions=submissions,
            returned=ReturnedMail(self.spool, read, assign, Repeats(self.store.digest.seen)),
            hits=hits or Hits(self.store.messages, withdrawn=withdrawn),
        )
        return Digest(
            journal=reader(self.folder / "journal", first=MAIL_FIRST),
            store=self.store,
            history=self.history,
            record_steps=record_steps,
            changes=self.changes,
            clock=SystemClock(),
            batch_records=batch_records,
            chosen=chosen,
            windows=windows,
            notices=notices,
            large=submissions.large,
            maintenance=maintenance,
            removal=WithdrawalRemoval(self.store, self.history, withdrawn, SystemClock()),
        )


def take(submitted: Submitted, raw: bytes) -> SimpleNamespace:
    number = submitted.message
    message = Message(
        id=number,
        user=submitted.user,
        message_id=f"m{number}@example.org",
        subject=raw.decode(),
        sender="alice@example.org",
        mail_from=submitted.mail_from,
        via=Via.RELAY,
        created_at=submitted.at,
    )
    copies = tuple(Copy(number * 10 + i, number, recipient) for i, recipient in enumerate(submitted.recipients))
    events = tuple(Event(copy.id, EventKind.QUEUED, submitted.at, number, copy.id) for copy in copies)
    links = tuple(Link(number, n, f"https://shop.example/{n}") for n in range(raw.count(b"link")))
    return SimpleNamespace(submission=Submission(message, links, copies), events=events)


def read(raw: bytes, _returned: Returned) -> list[Finding]:
    if raw == b"crash":
        raise ZeroDivisionError("a parser of ours fell over")
    return [Finding(FindingKind.REPLIED, sender=raw.decode(), recipient=str(n)) for n in range(raw.count(b"@"))]


def assign(finding: Finding, _at: int) -> Attribution:
    if finding.sender.startswith("bob"):
        return Attribution(EventKind.REPLIED, 10, 1, credited=True, suppress="complained")
    return Attribution(EventKind.UNMATCHED, unmatched="nothing_of_ours", facts={"text": "\ud800"})


@pytest.fixture
def world(tmp_path: Path, store: Store) -> Iterator[World]:
    with closing(open_history(empty_history(tmp_path / "history.duckdb"))) as history:
        made = World(tmp_path, store, history)
        yield made
        made.writer.close()


@pytest.fixture
def human() -> Callable[..., Judgement]:
    return lambda _hit, *, sent_at: Judgement(Verdict.HUMAN, (f"sent {sent_at}",), "Gmail")


@pytest.fixture
def from_the_start() -> type[JournalReader]:
    return FromTheStart
