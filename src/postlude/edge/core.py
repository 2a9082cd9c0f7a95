"""Common to all endpoints of one edge process, including journaling of hits."""

from collections.abc import Mapping
from typing import Final, Protocol

from postlude.edge.address import UNIX, AddressKeeper, Proxies, parse_ip
from postlude.edge.answer import Answers, without_body
from postlude.edge.config import EdgeConfig
from postlude.edge.headers import RequestHead
from postlude.edge.lists import ListsFile
from postlude.edge.off_loop import OffLoop
from postlude.edge.outcome import Counts, RequestOutcome
from postlude.edge.pages import PublicPages
from postlude.edge.records import hit
from postlude.edge.records import tail as record_tail
from postlude.edge.request import Request
from postlude.edge.revoked import RevokedFile
from postlude.edge.visitors import Visitor, Visitors
from postlude.journal import AppendQueue
from postlude.kit.clock import Clock
from postlude.model.errors import StorageError
from postlude.model.words import HitEndpoint
from postlude.tokens import MarkPurpose, TokenCodec, unpacked

IDLE: Final = 0
"""Idle: the next bytes begin a request."""
HIT: Final = 1
"""A hit that came by a short way waits for the journal, and nothing else is underway."""
OTHER: Final = 2


class WriteAnswer(Protocol):
    """Sends bytes to the client: a transport's `write`."""

    def __call__(self, data: bytes, /) -> object:
        """Returns at once."""
        ...


class Waiter(Protocol):
    """The connection of a request."""

    state: int
    """IDLE, HIT or OTHER."""
    peer: str
    """The raw address of the other end; `unix` for the socket."""
    line: str
    """How it came, where that is more than plain HTTP: `TLSv1.3`, `proxied`."""
    visitor: Visitor | None
    """The visitor's address, without forwarding."""
    seen: int
    """The edge's tick when it was last heard of."""
    write: WriteAnswer
    answer: bytes
    """Answer once the hit is durable."""
    lost_answer: bytes | None
    """Answer when the hit could not be stored; None: the same."""

    def local(self) -> str:
        """The local address."""
        ...

    def deliver(self, error: StorageError | None) -> None:
        """The journal's word: the hit is durable, or why not."""
        ...


SCOPE_BYTES: Final = 10
"""Key id, kind, scope: the part of a payload a link's MAC hangs on besides position and destination."""


def copy_of(payload: bytes) -> int:
    """The copy id a verified token's payload names."""
    return int.from_bytes(payload[10:18], "big")


class StoreLarge(Protocol):
    """Stores a record that is too large to share a batch."""

    def __call__(self, record: bytes, waiter: Waiter, /) -> None:
        """Returns at once; `waiter.deliver` is called when it is durable."""
        ...


class OnWithdrawal(Protocol):
    """Is told that the revocations of this process grew before their file did."""

    def __call__(self) -> None:
        """Forgets what was answered without them."""
        ...


class Core:
    """Settings, counters and prebuilt answers of one edge process."""

    def __init__(
        self, config: EdgeConfig, codec: TokenCodec, clock: Clock, queue: AppendQueue[Waiter], large: StoreLarge
    ) -> None:
        self.config = config
        self.codec = codec
        self.clock = clock
        self.queue = queue
        self.large = large
        """Stores what is too large to share a batch."""
        self.counts = Counts()
        self.answers = Answers(clock.now())
        self.pages = PublicPages(config.brand)
        self.off_loop = OffLoop(self.failed_page)
        self.revoked = RevokedFile(config.revoked)
        self.withdrawn: OnWithdrawal = lambda: None
        self.lists = ListsFile(config.lists)
        self.proxies = Proxies(config.proxies)
        keeper = AddressKeeper(config.address_form, config.address_key)
        self.visitors = Visitors(keeper, config.limits.hits_per_minute, config.address_facts, config.agent_facts)
        self.refresh()

    def refresh(self) -> bool:
        """Work of every second; returns whether revocations changed."""
        now = self.clock.now()
        self.answers.refresh(now)
        self.visitors.refresh(now)
        self.lists.refresh()
        return self.revoked.refresh()

    def visitor(self, conn: Waiter, head: RequestHead) -> Visitor:
        """The visitor's address of a request with `head` over `conn`."""
        if head.forwarded:
            address = self.proxies.visitor(conn.peer, head.forwarded)
            line = conn.line if address == conn.peer else f"forwarded {head.proto}".rstrip()
            return self.visitors.get(address, line)
        visitor = conn.visitor
        if visitor is None or visitor.minute != self.visitors.minute:
            conn.visitor = visitor = self.visitors.get(conn.peer, conn.line)
        return visitor

    def near(self, conn: Waiter, head: RequestHead) -> bool:
        """Whether the request comes from this machine itself, not through a proxy."""
        address = parse_ip(conn.peer)
        own = conn.peer in {UNIX, conn.local()} or (address is not None and address.is_loopback)
        return own and not head.forwarded

    def page(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> bytes:
        """An HTML answer."""
        return self.answers.build(status, body, self.pages.headers | dict(headers or {}))

    def failed_page(self) -> bytes:
        """The answer after a fault of ours, counted."""
        self.counts.add(RequestOutcome.FAILED)
        return self.page(500, self.pages.plain("", "failed_title", "failed_explained"))

    def withdraw(self, copy: int, *, opens: bool, clicks: bool) -> None:
        """Apply the choice of the recipient of `copy` in this process from now on."""
        self.revoked.choose(copy, self.clock.now(), opens=opens, clicks=clicks)
        self.withdrawn()

    def done(self, request: Request, outcome: RequestOutcome, answer: bytes) -> bytes:
        """Count a request that needs no observation and return its answer."""
        head = request.method == "HEAD"
        self.counts.add(RequestOutcome.HEAD if head and outcome is RequestOutcome.STORED else outcome)
        return without_body(answer) if head else answer

    def _own_facts(self, head: RequestHead, payload: bytes) -> dict[str, str]:
        """Whose browser it is, when one of the users marked it; beside the message, since it is judged by both."""
        user = self.codec.own_browser.read(MarkPurpose.MARK, head.own_mark.encode("utf-8", "replace"), self.clock.now())
        return {} if user is None else {"signed_in": f"{user:016x}:{unpacked(payload).scope:016x}"}

    def store(
        self,
        request: Request,
        conn: Waiter,
        hit_of: tuple[HitEndpoint, bytes, int],
        answer: bytes,
        *,
        facts: Mapping[str, str] | None = None,
        lost: bytes | None = None,
        bare: bool = False,
    ) -> None:
        """Journal a hit (endpoint, token payload, link position); `conn` writes `answer` once it is durable.

        `bare`: of a recipient who is not to be recorded, so without user agent, address and headers.
        """
        facts = {**(facts or {}), **self._own_facts(request.head, hit_of[1])} if request.head.own_mark else facts
        visitor = self.visitor(conn, request.head)
        end = visitor.hit(request.head)
        if bare:
            end = record_tail("", "", {}, dict(facts or {}))
        elif facts:
            head = request.head
            end = record_tail(head.user_agent, visitor.address, head.kept, visitor.facts_with(head) | dict(facts))
        conn.answer, conn.lost_answer = answer, lost
        self.queue.add(hit(self.clock.now(), hit_of, request.method, end), conn)
