"""Journal and spool of an SMTP server under test."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Protocol

from postlude.journal import JournalReader, JournalWriter, Spool
from postlude.kit.clock import SystemClock
from postlude.model.observation import decode_observation
from postlude.tokens import KeyRing, TokenCodec


class Folder:
    """Journal and spool of one process."""

    def __init__(self, root: Path) -> None:
        (root / "journal").mkdir()
        self.root = root
        self.journal = JournalWriter(root / "journal", "mail")
        self.spool = Spool(root / "spool")
        self.codec = TokenCodec(KeyRing({1: b"k" * 32}, 1))
        self.clock = SystemClock()

    def observations(self) -> list[Any]:
        """Everything journaled so far: Observations."""
        return [decode_observation(record.data) for record in JournalReader(self.root / "journal").read({}, 10_000)]


class Starter(Protocol):
    """Starts an SMTP server with settings; the port it listens on."""

    def __call__(self, **settings: Any) -> AbstractAsyncContextManager[int]:
        """Stopped when the block ends."""
        ...
