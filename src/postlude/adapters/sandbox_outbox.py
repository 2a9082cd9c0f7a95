"""The sandbox outbox: a transport that delivers into a local folder, so that the whole circle runs on a laptop.

One mail is one file `<id>.mail`: a line of JSON with the envelope, then the bytes exactly as they were sent. Names
begin with the time of delivery, so that the newest is the last in the alphabet.
"""

import asyncio
import os
import re
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from postlude.kit.clock import Clock
from postlude.kit.file_trouble import file_trouble
from postlude.kit.files import replace_durably
from postlude.kit.ids import id_text, new_id
from postlude.kit.regular_file import open_regular, read_file
from postlude.model.answer import Answer
from postlude.model.errors import NotFoundError, StorageError
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Forecast, Outgoing

_SUFFIX: Final = ".mail"
_ID: Final = re.compile(r"[0-9a-f]{32}")
_CONCURRENCY: Final = 4


class Envelope(msgspec.Struct, frozen=True):
    """The envelope of a mail."""

    at: int
    """When it was delivered, microseconds since the epoch."""
    mail_from: str
    rcpt_to: str
    envid: str
    size: int


class DeliveredMail(msgspec.Struct, frozen=True):
    """One mail in the mailbox, without its bytes."""

    id: str
    """32 hexadecimal digits; later deliveries sort higher."""
    envelope: Envelope


class MailWithBytes(NamedTuple):
    """One mail of the mailbox, whole."""

    mail: DeliveredMail
    data: bytes


class SandboxOutbox:
    """A Transport into `root`. What `send` accepted survives a power cut; safe for threads and processes."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    @property
    def concurrency(self) -> int:
        """More would only wait for the disk."""
        return _CONCURRENCY

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer:
        """Deliver; DEFERRED with the disk's own words when it cannot be stored."""
        await start.durable()
        envelope = Envelope(self._clock.now(), copy.mail_from, copy.rcpt_to, copy.envid, len(copy.data))
        try:
            name = await asyncio.to_thread(self.deliver, envelope, copy.data)
        except StorageError as error:
            return Answer(SendOutcome.DEFERRED, 452, "4.3.1", str(error), "sandbox", "sandbox")
        return Answer(SendOutcome.ACCEPTED, 250, "2.0.0", "delivered into the sandbox", "sandbox", "sandbox", name)

    def wait_s(self) -> float:
        """Has no limits."""
        return 0.0

    def forecast(self, copies: int) -> Forecast:
        """Has no limits."""
        del copies
        return Forecast(0.0, "")

    async def close(self) -> None:
        """Has nothing to close."""

    def deliver(self, envelope: Envelope, data: bytes) -> str:
        """Store one mail and return its id when it is durable; StorageError when the disk refused."""
        name = id_text(envelope.at) + id_text(new_id())
        try:
            self._root.mkdir(parents=True, exist_ok=True)
            replace_durably(self._path(name), msgspec.json.encode(envelope) + b"\n" + data, mode=0o640)
        except OSError as error:
            raise StorageError(file_trouble(error, self._root)) from error
        return name

    def list(self, limit: int = 100, before: str = "") -> list[DeliveredMail]:
        """Newest first; `before` is the id the page starts behind, "" for the newest."""
        try:
            names = [entry.name for entry in os.scandir(self._root) if entry.name.endswith(_SUFFIX)]
        except FileNotFoundError:
            return []
        ids = sorted((name.removesuffix(_SUFFIX) for name in names), reverse=True)
        chosen = [i for i in ids if _ID.fullmatch(i) and (not before or i < before)][:limit]
        return [DeliveredMail(i, self._envelope(i)) for i in chosen]

    def get(self, mail: str) -> MailWithBytes:
        """One mail with its bytes; NotFoundError when there is none of that id."""
        if not _ID.fullmatch(mail):
            raise NotFoundError(f"the sandbox has no mail with the id {mail!r}")
        try:
            head, _, data = read_file(self._path(mail)).partition(b"\n")
        except FileNotFoundError:
            raise NotFoundError(f"the sandbox has no mail with the id {mail}") from None
        return MailWithBytes(DeliveredMail(mail, msgspec.json.decode(head, type=Envelope)), data)

    def _path(self, mail: str) -> Path:
        return self._root / f"{mail}{_SUFFIX}"

    def _envelope(self, mail: str) -> Envelope:
        with os.fdopen(open_regular(self._path(mail)), "rb") as file:
            return msgspec.json.decode(file.readline(), type=Envelope)
