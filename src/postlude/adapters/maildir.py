"""A transport into a maildir: for tests and dry runs, where any mail reader can look at what would have left."""

import asyncio
import os
from pathlib import Path
from typing import Final

from postlude.kit.clock import Clock
from postlude.kit.ids import id_text, new_id
from postlude.model.answer import Answer
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing, Outlook

_LANES: Final = 4
_CREATE: Final = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC


class Maildir:
    """A Transport into `root` (`tmp`, `new`, `cur` are made). What `send` accepted survives a power cut."""

    def __init__(self, root: Path, clock: Clock) -> None:
        self._root = root
        self._clock = clock

    @property
    def lanes(self) -> int:
        """More would only wait for the disk."""
        return _LANES

    async def send(self, copy: Outgoing) -> Answer:
        """Deliver with Return-Path and Delivered-To on top; DEFERRED with the disk's own words when it cannot."""
        server = f"maildir {self._root}"
        try:
            name = await asyncio.to_thread(self._deliver, copy)
        except OSError as error:
            return Answer(SendOutcome.DEFERRED, 452, "4.3.1", str(error), server, "end-of-data")
        return Answer(SendOutcome.ACCEPTED, 250, "2.0.0", "delivered into the maildir", server, "end-of-data", name)

    def wait_s(self) -> float:
        """Nothing limits."""
        return 0.0

    def outlook(self, copies: int) -> Outlook:
        """Nothing limits."""
        del copies
        return Outlook(0.0, "")

    async def close(self) -> None:
        """Nothing is held open."""

    def _deliver(self, copy: Outgoing) -> str:
        for folder in ("tmp", "new", "cur"):
            (self._root / folder).mkdir(parents=True, exist_ok=True)
        name = f"{self._clock.now() // 1_000_000}.{id_text(new_id())}.postlude"
        fresh = self._root / "tmp" / name
        head = f"Return-Path: <{copy.mail_from}>\r\nDelivered-To: {copy.rcpt_to}\r\n"
        with os.fdopen(os.open(fresh, _CREATE, 0o600), "wb") as file:
            file.write((head.encode("utf-8", "replace") + copy.data).replace(b"\r\n", b"\n"))
            file.flush()
            os.fsync(file.fileno())
        fresh.rename(self._root / "new" / name)
        folder_fd = os.open(self._root / "new", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder_fd)
        finally:
            os.close(folder_fd)
        return name
