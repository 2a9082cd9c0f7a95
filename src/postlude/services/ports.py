"""What services need from the outside world, as protocols. Adapters implement them; tests use real ones too."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple, Protocol

import msgspec

from postlude.model.answer import Answer

Append = Callable[[bytes], Awaitable[object]]
"""`JournalWriter.append`: returns when the bytes are durable, raises StorageError."""


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One copy as it leaves."""

    mail_from: str
    """Envelope sender; empty for the null reverse-path."""
    rcpt_to: str
    data: bytes
    """The message with CRLF line ends, not dot-stuffed."""
    envid: str = ""
    """DSN envelope id (RFC 3461 4.4), handed on when the server offers DSN; empty: none."""
    sender: str = ""
    """The From address: it decides between servers that are for some senders only."""
    notify: str = ""
    """DSN NOTIFY as the client gave it, e.g. `SUCCESS,FAILURE`; empty: the server's default."""
    orcpt: str = ""
    """DSN ORCPT as the client gave it, in xtext; empty: made from `rcpt_to`."""
    ret: str = ""
    """DSN RET, `FULL` or `HDRS`; empty: HDRS."""


class Held(NamedTuple):
    """A copy that was not tried, because a limit of ours says so. Nothing is journaled; claim it again later."""

    until: int
    """Microseconds since the epoch."""
    text: str
    """Which limit, for people."""


class Outlook(NamedTuple):
    """How long a number of copies takes under the limits that are set."""

    seconds: float
    """0 when no limit is set: then only the next server's speed counts."""
    text: str
    """One sentence for people; empty when no limit is set."""


class Transport(Protocol):
    """Hands copies to the next server, or to one of several."""

    @property
    def lanes(self) -> int:
        """How many `send` calls are worth running at the same time. Long-lived tasks that loop are cheapest."""
        ...

    async def send(self, copy: Outgoing) -> Answer | Held:
        """One attempt. Never raises for what a server or the network does: the Answer says it.

        The outcome is DEFERRED while the server cannot have accepted the copy, UNSURE when the connection was lost
        after the whole message was written and before the answer came. Waits a moment for a free connection or a
        rate limit; what would have to wait for longer is Held.
        """
        ...

    def wait_s(self) -> float:
        """Seconds until any copy may leave, 0 when one may now. Ask before claiming."""
        ...

    def outlook(self, copies: int) -> Outlook:
        """What the limits make of `copies` copies that begin to leave now."""
        ...

    async def close(self) -> None:
        """End open connections; the transport may not be used afterwards."""
        ...
