"""A transport into a maildir: for tests and dry runs, where any mail reader can look at what would have left."""

import asyncio
from pathlib import Path
from typing import Final

from postlude.kit.clock import Clock
from postlude.kit.files import replace_durably
from postlude.kit.ids import id_text, new_id
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import AttemptStart, Forecast, Outgoing

_CONCURRENCY: Final = 4


class Maildir:
    """A Transport into `root` (`tmp`, `new`, `cur` are made). What `send` accepted survives a power cut."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    @property
    def concurrency(self) -> int:
        """More would only wait for the disk."""
        return _CONCURRENCY

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer:
        """Deliver with Return-Path and Delivered-To on top; DEFERRED with the disk's own words when it cannot."""
        await start.durable()
        server = f"maildir {self._root}"
        try:
            name = await asyncio.to_thread(self._deliver, copy)
        except OSError as error:
            return Answer(SendOutcome.DEFERRED, 452, "4.3.1", str(error), server, "end-of-data")
        return Answer(SendOutcome.ACCEPTED, 250, "2.0.0", "delivered into the maildir", server, "end-of-data", name)

    def wait_s(self) -> float:
        """Has no limits."""
        return 0.0

    def forecast(self, copies: int) -> Forecast:
        """Has no limits."""
        del copies
        return Forecast(0.0, "")

    async def close(self) -> None:
        """Has nothing to close."""

    def _deliver(self, copy: Outgoing) -> str:
        for folder in ("tmp", "new", "cur"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        name = f"{self._clock.now() // 1_000_000}.{id_text(new_id())}.postlude"
        head = f"Return-Path: <{copy.mail_from}>\r\nDelivered-To: {copy.rcpt_to}\r\n"
        mail = (head.encode("utf-8", "replace") + copy.data).replace(b"\r\n", b"\n")
        replace_durably(self._root / "new" / name, mail, mode=0o600, through=self._root / "tmp")
        return name
