"""Fast path for pixel and link GETs that differ from an earlier request only in the copy token.

The bytes after the token (rest of the path, version, headers) are parsed once and cached, so a hit needs only the
token's MAC and the record. All other requests take the full path. The time of a hit is that of its batch: at most a few
milliseconds early.
"""

from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

from postlude.edge import records
from postlude.edge.core import HIT, SCOPE_BYTES, Core, Waiter, copy_of
from postlude.edge.headers import RequestHead
from postlude.edge.records import COPY, PIXEL_END, SCOPE, UINT64
from postlude.edge.tracked import LinkEndpoint
from postlude.model.words import HitEndpoint
from postlude.tokens.copy_tokens import COPY_TOKEN_LENGTH, KINDS

if TYPE_CHECKING:
    from postlude.edge.revoked import Copies

T = TypeVar("T")
_REMEMBERED: Final = 2048
_REMEMBERED_BYTES: Final = 2048  # with _REMEMBERED at most 4 MB an endpoint


class KnownLink(NamedTuple):
    """A link whose MAC was verified for the recipients of one message or campaign."""

    scope: bytes
    """The first SCOPE_BYTES of the payloads it is valid for."""
    ids: bytes
    """Kind and scope as a record has them."""
    end: bytes
    """Position and method as a record has them."""
    location: bytes
    head: RequestHead


class Front:
    """Takes pixels and links in passing. `forget` when revocations changed."""

    def __init__(self, core: Core, link: LinkEndpoint) -> None:
        self._core = core
        self._link_endpoint = link
        self._queue = core.queue
        self._verify = core.codec.verify_read
        self._answers = core.answers
        self._visitors = core.visitors
        prefixes = core.config.prefixes
        self._pixel_start = f"GET /{prefixes.pixel}/".encode()
        self._pixel_end = len(self._pixel_start) + COPY_TOKEN_LENGTH
        self._pixel_token = slice(len(self._pixel_start), self._pixel_end)
        self._pixel_rest = slice(self._pixel_end, None)
        self._link_start = f"GET /{prefixes.link}/".encode()
        self._link_end = len(self._link_start) + COPY_TOKEN_LENGTH
        self._link_token = slice(len(self._link_start), self._link_end)
        self._link_rest = slice(self._link_end, None)
        self._pixels: dict[bytes, RequestHead] = {}
        self._links: dict[bytes, KnownLink] = {}
        self._batch = -1
        self.forget()

    def forget(self) -> None:
        """Look again at what was withdrawn, stopped or replaced."""
        self._link_endpoint.forget()
        self._links.clear()
        self.look_again()

    def look_again(self) -> None:
        """Look again at what was withdrawn."""
        now = self._core.revoked.now
        self._opens: Copies | None = now.opens if len(now.opens) else None
        self._clicks: Copies | None = now.clicks if len(now.clicks) else None

    def take(self, data: bytes, conn: Waiter) -> bool:
        """Whether `data` was a plain GET that is now with the journal; `conn` writes its answer when it is durable."""
        if not data.startswith(self._pixel_start):
            return data.startswith(self._link_start) and self._take_link(data, conn)
        head = self._pixels.get(data[self._pixel_rest])
        if head is None:
            return False
        payload = self._verify(data[self._pixel_token])
        if payload is None or (self._opens is not None and copy_of(payload) in self._opens):
            return False
        visitor = conn.visitor
        if visitor is None or visitor.minute != self._visitors.minute or head.forwarded:
            visitor = self._core.visitor(conn, head)
        visitor.count += 1
        tail = visitor.tails.get(head)
        if tail is None or visitor.count == visitor.too_many:
            tail = visitor.tail(head)
        queue = self._queue
        if queue.batch != self._batch:
            self._stamp()
        conn.state = HIT
        conn.answer = self._answers.pixel
        at = self._pixel_at[payload[1]]
        queue.add(b"".join((at, payload[SCOPE], UINT64, payload[COPY], PIXEL_END, tail)), conn)
        return True

    def learn(self, data: bytes, rest: bytes, head: RequestHead) -> None:
        """Cache a plain GET that took the full path; `rest` follows the token and its slash."""
        if data.startswith(self._pixel_start):
            if self._verify(data[self._pixel_token]) is not None:
                _remember(self._pixels, data[self._pixel_rest], head)
        elif data.startswith(self._link_start):
            payload = self._verify(data[self._link_token])
            known = self._link_endpoint.known(payload, rest) if payload is not None else None
            if payload is not None and known is not None:
                position, location = known
                link = KnownLink(payload[:SCOPE_BYTES], records.ids(payload), records.hit_end(position), location, head)
                _remember(self._links, data[self._link_rest], link)

    def _take_link(self, data: bytes, conn: Waiter) -> bool:
        link = self._links.get(data[self._link_rest])
        if link is None:
            return False
        payload = self._verify(data[self._link_token])
        if payload is None or payload[:SCOPE_BYTES] != link.scope:
            return False
        if self._clicks is not None and copy_of(payload) in self._clicks:
            return False
        head, visitor = link.head, conn.visitor
        if visitor is None or visitor.minute != self._visitors.minute or head.forwarded:
            visitor = self._core.visitor(conn, head)
        visitor.count += 1
        tail = visitor.tails.get(head)
        if tail is None or visitor.count == visitor.too_many:
            tail = visitor.tail(head)
        queue = self._queue
        if queue.batch != self._batch:
            self._stamp()
        conn.state = HIT
        conn.answer = self._answers.redirect(link.location)
        queue.add(b"".join((self._link_at, link.ids, payload[COPY], link.end, tail)), conn)
        return True

    def _stamp(self) -> None:
        """One look at the clock a batch."""
        now = self._core.clock.now()
        self._batch = self._queue.batch
        self._pixel_at = {second: records.pixel_start(now, kind) for second, (_, kind) in KINDS.items()}
        self._link_at = records.hit_start(now, HitEndpoint.LINK)


def _remember(known: dict[bytes, T], tail: bytes, what: T) -> None:
    if len(tail) > _REMEMBERED_BYTES:
        return
    if len(known) >= _REMEMBERED:
        known.clear()
    known[tail] = what
