"""What services need from the outside world, as protocols. Adapters implement them; tests use real ones too."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from postlude.model.answer import Answer

Append = Callable[[bytes], Awaitable[object]]
"""`JournalWriter.append`: returns when the bytes are durable, raises StorageError."""


class Transport(Protocol):
    """Hands one copy to the next server."""

    async def send(self, mail_from: str, rcpt_to: str, data: bytes, envid: str) -> Answer:
        """One attempt. Never raises for what a server or the network does: the Answer says it.

        `data` has CRLF line ends and no dot-stuffing. `mail_from` may be empty (null reverse-path). `envid` is the
        DSN envelope id (RFC 3461), passed on when the server offers DSN; empty means none.
        The outcome is DEFERRED while the server cannot have accepted the copy, UNSURE when the connection was lost
        after the whole message was written and before the answer came.
        """
        ...

    async def close(self) -> None:
        """End open connections; the transport may not be used afterwards."""
        ...
