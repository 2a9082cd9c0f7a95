"""The services' interfaces to the outside world, as protocols. Adapters implement them; tests use real ones, too."""

from collections.abc import Awaitable
from typing import NamedTuple, Protocol

import msgspec

from postlude.dkim import Signer
from postlude.instrument import Policy
from postlude.model.answer import Answer


class Append(Protocol):
    """Puts a record into the journal: `JournalWriter.append`."""

    def __call__(self, record: bytes, /) -> Awaitable[object]:
        """Return when the bytes are durable; raises StorageError."""
        ...


class PolicyOf(Protocol):
    """The tracking policy of a user."""

    def __call__(self, user: int, /) -> Policy:
        """The user's default tracking and exclusions."""
        ...


class SignerOf(Protocol):
    """The DKIM signer of a sending domain."""

    def __call__(self, domain: str, /) -> Signer | None:
        """None when there is no key for it."""
        ...


class HasKey(Protocol):
    """Whether mail from a domain gets a DKIM signature."""

    def __call__(self, domain: str, /) -> bool:
        """True when there is a key for it."""
        ...


class SpooledMail(Protocol):
    """The content of a mail by its id in a spool."""

    def __call__(self, mail: int, /) -> bytes:
        """The bytes as they came; NotFoundError, StorageError."""
        ...


class ConfirmUrl(Protocol):
    """URL where a contact confirms a subscription."""

    def __call__(self, list_id: int, contact: int, /) -> str:
        """The URL of one list and one contact."""
        ...


class Wake(Protocol):
    """Wakes a loop that has something to do."""

    def __call__(self) -> None:
        """Safe from any thread; returns at once."""
        ...


class Outgoing(msgspec.Struct, frozen=True, gc=False):
    """One copy as it is sent."""

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
    tracked: int = -1
    """What can be seen of it (`Tracked`); -1: not told."""


class Throttled(NamedTuple):
    """A copy that was not attempted because of one of our limits. Nothing is journaled; claim it again later."""

    until: int
    """Microseconds since the epoch."""
    text: str
    """Which limit, for people."""


class AttemptStart(Protocol):
    """The journal's word that one copy is about to leave: without it no byte of the message may.

    What has it and no result after a crash may have arrived; what has it not is sent later as if it was never tried.
    """

    @property
    def sync_s(self) -> float:
        """How long `durable` takes after `ask`, about: who knows that the server is quicker asks ahead."""
        ...

    def ask(self) -> None:
        """Begin to journal it, without waiting; nothing the second time."""
        ...

    async def durable(self) -> None:
        """Return when it is on the disk. StorageError when the disk refused: then no byte may leave."""
        ...


class Forecast(NamedTuple):
    """How long a number of copies takes under the limits that are set."""

    seconds: float
    """0 when no limit is set: then only the next server's speed counts."""
    text: str
    """One sentence for people; empty when no limit is set."""


class Transport(Protocol):
    """Hands copies to the next server, or to one of several."""

    @property
    def concurrency(self) -> int:
        """How many `send` calls are worth running at the same time. Long-lived tasks that loop are cheapest."""
        ...

    async def send(self, copy: Outgoing, start: AttemptStart) -> Answer | Throttled:
        """One attempt. Never raises for what a server or the network does: the Answer says it.

        Awaits `start.durable` before the first byte of the message leaves; its StorageError passes. Cancelled before
        `start` was asked, nothing has left.

        The outcome is DEFERRED while the server cannot have accepted the copy, INDETERMINATE when the connection was
        lost after the whole message was written and before the answer came. Waits a moment for a free connection or a
        rate limit; a longer wait is Throttled.
        """
        ...

    def wait_s(self) -> float:
        """Seconds until a copy may be sent, 0 for now. Ask before claiming."""
        ...

    def forecast(self, copies: int) -> Forecast:
        """Forecast for `copies` copies that begin to be sent now."""
        ...

    async def close(self) -> None:
        """End open connections; the transport may not be used afterwards."""
        ...


class RollJournals(Protocol):
    """Has every writer go on in a new segment."""

    def __call__(self) -> object:
        """Asks; each follows within seconds."""
        ...


class JournalsRolled(Protocol):
    """Whether every writer did."""

    def __call__(self) -> bool:
        """True when all that they wrote before is digested as well."""
        ...


class TrimJournals(Protocol):
    """Deletes what is digested."""

    def __call__(self) -> object:
        """All of it, except for what lies in the newest segments."""
        ...


class Journals(NamedTuple):
    """What forgetting asks of the journals."""

    roll: RollJournals
    rolled: JournalsRolled
    trim: TrimJournals
