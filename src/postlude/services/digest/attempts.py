"""Outgoing mail: submissions and delivery attempts."""

import re
from typing import Final, NamedTuple, Protocol

from postlude.feedback.reasons import find_reason
from postlude.journal import checksum
from postlude.kit.ids import id_text
from postlude.model.errors import NotFoundError
from postlude.model.event import Event
from postlude.model.observation import Attempt, AttemptStarted, Resend, Submitted, WorkerStarted
from postlude.model.words import EventKind, SendOutcome, Verdict
from postlude.services.digest.item import Item, Meaning, RecordOutcome, event_id
from postlude.services.digest.large_mail import LargeMail, MailSize
from postlude.services.digest.suppression_policy import of_attempt
from postlude.services.ports import SpooledMail
from postlude.store import Alias, AttemptResult, Submission

_SES_SERVER = re.compile(r"email-smtp(?:-fips)?\.([a-z0-9-]+)\.amazonaws\.com(?::|$)")
_KINDS = {
    SendOutcome.ACCEPTED: EventKind.SENT,
    SendOutcome.DEFERRED: EventKind.DEFERRED,
    SendOutcome.REJECTED: EventKind.REJECTED,
    SendOutcome.INDETERMINATE: EventKind.INDETERMINATE,
    SendOutcome.EXPIRED: EventKind.EXPIRED,
    SendOutcome.SUPPRESSED: EventKind.REJECTED,  # by us, phase `suppressed`
}


class AcceptedMessage(Protocol):
    """What a submitted message becomes."""

    @property
    def submission(self) -> Submission:
        """Its rows."""
        ...

    @property
    def events(self) -> tuple[Event, ...]:
        """One QUEUED event a copy."""
        ...


class SubmissionReader(Protocol):
    """Makes rows and events of a submission: `services.messages.submission` with its dependencies."""

    def __call__(self, submitted: Submitted, raw: bytes, /) -> AcceptedMessage:
        """Deterministic: the same submission gives the same ids."""
        ...


class SenderKnown(Protocol):
    """Is told who sent a message before its hits are judged: `OwnVisits.know`."""

    def __call__(self, message: int, sender: int, /) -> None:
        """The user's id."""
        ...


class _Readable(NamedTuple):
    taken: AcceptedMessage
    damage: str


class Submissions:
    """The step for submitted messages. `take` makes the same of the same message every time."""

    def __init__(
        self,
        read_submission: SubmissionReader,
        mail: SpooledMail,
        know_sender: SenderKnown = lambda _message, _user: None,
        size: MailSize = lambda _message: 0,
    ) -> None:
        """`size`: so that large ones are read beside the digest."""
        self._take = read_submission
        self._mail = mail
        self._know_sender = know_sender
        self.large: Final = LargeMail(self._read, size)

    def __call__(self, item: Item, submitted: Submitted) -> None:
        """Take one message apart. One whose bytes are damaged or gone has its copies all the same: they are refused."""
        self._know_sender(submitted.message, submitted.user)
        taken, item.damage = self.large.take(submitted)
        item.meaning = Meaning(submission=taken.submission, events=taken.events)
        item.outcome = RecordOutcome.SUBMITTED

    def _read(self, submitted: Submitted) -> _Readable:
        damage = ""
        try:
            raw = self._mail(submitted.message)
        except NotFoundError:
            raw = b""
            damage = f"the bytes of message {id_text(submitted.message)} are gone from the spool"
        if submitted.checksum and raw and checksum(raw) != submitted.checksum:
            damage = f"the bytes of message {id_text(submitted.message)} are damaged in the spool"
        if damage:
            damage += f": it is not sent to {', '.join(submitted.recipients)}. Ask its sender to send it again"
        return _Readable(self._take(submitted, raw), damage)


def worker_started(item: Item, seen: WorkerStarted) -> None:
    """The journal is the one that the worker's attempts are in."""
    item.meaning = Meaning(worker=seen.worker)
    item.outcome = RecordOutcome.WORKER_STARTED


def attempt_started(item: Item, seen: AttemptStarted) -> None:
    """Copies a worker is about to hand over."""
    item.meaning = Meaning(started=seen.copies, started_generation=seen.generation)
    item.outcome = RecordOutcome.ATTEMPT_STARTED


def attempted(item: Item, attempt: Attempt) -> None:
    """What the next server's answer means for the copy."""
    facts = _facts(attempt)
    kinds = [_KINDS[attempt.outcome]]
    if attempt.outcome is SendOutcome.ACCEPTED and attempt.phase == "sandbox":
        kinds.append(EventKind.DELIVERED)  # the sandbox is the mailbox itself
    events = tuple(
        Event(
            event_id(item.record.position, number),
            kind,
            attempt.at,
            attempt.message,
            attempt.copy,
            verdict=Verdict.MACHINE,
            facts=facts,
        )
        for number, kind in enumerate(kinds)
    )
    result = AttemptResult(
        attempt.copy,
        attempt.outcome,
        attempt.at,
        attempt.attempt,
        attempt.code,
        attempt.enhanced,
        attempt.text,
        attempt.server,
        attempt.retry_at,
        attempt.remote_id,
        attempt.message,
        attempt.tracked,
    )
    aliases: tuple[Alias, ...] = ()
    if attempt.outcome is SendOutcome.ACCEPTED and (name := _ses_message_id(attempt)):
        aliases = (Alias(name, attempt.message, attempt.copy),)
    item.meaning = Meaning(events=events, attempt=result, suppress=of_attempt(attempt), aliases=aliases)
    item.outcome = RecordOutcome.ATTEMPTED


def _ses_message_id(attempt: Attempt) -> str:
    """The Message-ID Amazon SES gives the mail, which replies and bounces name; empty for other servers."""
    found = _SES_SERVER.match(attempt.server)
    if found is None or not attempt.remote_id or "@" in attempt.remote_id:
        return ""
    domain = "email.amazonses.com" if found[1] == "us-east-1" else f"{found[1]}.amazonses.com"
    return f"{attempt.remote_id}@{domain}"


def _facts(attempt: Attempt) -> dict[str, str]:
    facts = {
        "code": str(attempt.code or ""),
        "enhanced": attempt.enhanced,
        "text": attempt.text,
        "server": attempt.server,
        "phase": attempt.phase,
        "attempt": str(attempt.attempt),
        "retry_at": str(attempt.retry_at or ""),
        "remote_id": attempt.remote_id,
        "untracked": attempt.untracked,
    }
    if attempt.outcome in {SendOutcome.REJECTED, SendOutcome.DEFERRED}:
        facts["reason"] = find_reason([attempt.text], attempt.enhanced, attempt.code)[0].value
    return {name: value for name, value in facts.items() if value}


def resent(item: Item, resend: Resend) -> None:
    """A user asked for the copy to be sent again: it is due, and the event records it."""
    facts = {"again": "asked for"}
    number = event_id(item.record.position, 0)
    event = Event(number, EventKind.QUEUED, resend.at, resend.message, resend.copy, facts=facts)
    item.meaning = Meaning(events=(event,), resend=resend.copy)
    item.outcome = RecordOutcome.RESENT
