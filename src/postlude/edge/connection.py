"""One connection: bytes in, requests one after another, answers in their order."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Final, cast

from postlude.edge.address import UNIX
from postlude.edge.answer import closing
from postlude.edge.core import HIT, IDLE, OTHER
from postlude.edge.outcome import RequestOutcome
from postlude.edge.proxyline import read_proxy_line
from postlude.edge.request import Request, RequestParser, RequestRefusedError
from postlude.edge.sent import LARGE

if TYPE_CHECKING:
    from postlude.edge.core import WriteAnswer
    from postlude.edge.server import Edge
    from postlude.edge.visitors import Visitor
    from postlude.kit.message_buffers import BufferReservation
    from postlude.model.errors import StorageError

_WAITING_REQUESTS: Final = 16
_PIECE: Final = 1_024  # bytes that are read at a time: what they hold may be fifty requests of 1 kB of memory each
_IN_A_ROW: Final = (
    256  # requests in one go, each 40 us in which no other is answered; no client sends so many before an answer
)
_BUFFERED: Final = 16_384  # bytes of answers a client may leave unread before nothing more is taken from it
_PROGRESS: Final = 65_536  # bytes of a large answer a client takes in `request_seconds` at least
_METHOD: Final = b"GET"
_VERSION: Final = b"HTTP/1.1"
_LINE_WORDS: Final = 3
_PATH_PARTS: Final = 3
_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"


class Connection(asyncio.Protocol):
    """The plain case (a whole GET in one piece, nothing else underway) goes straight from bytes to its endpoint.

    Everything else goes through the full parser. A new request is begun when the one before is answered, so answers
    keep their order and a client that sends without reading is stopped by its own buffer.
    """

    __slots__ = (
        "_at",
        "_closing",
        "_edge",
        "_fast",
        "_heads",
        "_large",
        "_learn",
        "_left",
        "_lingering",
        "_parser",
        "_proxy_data",
        "_queue",
        "_row",
        "_take",
        "_transport",
        "_unread",
        "_unread_place",
        "alive",
        "answer",
        "began",
        "busy",
        "counted",
        "given_up",
        "line",
        "lost_answer",
        "peer",
        "seen",
        "state",
        "stuck",
        "visitor",
        "write",
    )

    def __init__(self, edge: "Edge") -> None:
        self._edge = edge
        self._take = edge.front.take
        self._learn = edge.front.learn
        self._fast = edge.router.fast.get
        self._heads = edge.heads
        self._parser: RequestParser | None = None
        self._queue: deque[Request] | None = None
        self._proxy_data: bytes | None = None
        self._closing = self._lingering = False
        self._unread = b""
        """What came behind requests that wait; before `_at` it is read."""
        self._at = self._row = 0
        self._unread_place: BufferReservation | None = None
        self._large: bytes | None = None
        """The large answer that the client has not taken yet."""
        self._left = 0
        """Unread bytes of it at the last check."""
        self.peer = self.line = ""
        self.counted = False
        """Among the connections of its address."""
        self.visitor: Visitor | None = None
        self.answer = b""
        self.lost_answer: bytes | None = None
        self.alive = False
        self.busy = False
        """A request waits for the journal, in state OTHER."""
        self.state = IDLE
        self.given_up = False
        """Its hit was answered without the disk's word."""
        self.stuck = False
        """The client does not read what we write."""
        self.seen = edge.tick
        self.began = 0
        """When the request that is not whole yet began; 0: none."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Accepted by the loop."""
        self._transport = transport = cast("asyncio.Transport", transport)  # uvloop's are not a subclass
        self.write: WriteAnswer = transport.write
        transport.set_write_buffer_limits(_BUFFERED)
        self.alive = True
        peer = transport.get_extra_info("peername")
        self.peer = peer[0] if isinstance(peer, tuple) else UNIX
        tls = transport.get_extra_info("ssl_object")
        self.line = tls.version() or "" if tls else ""
        if not self._edge.admit(self):
            self._end(self._edge.too_many())
        elif self._edge.core.config.proxy_protocol and self._edge.core.proxies.listed(self.peer):
            self._proxy_data = b""
            self.state = OTHER
            self.began = self._edge.tick

    def local(self) -> str:
        """The local address."""
        name = self._transport.get_extra_info("sockname")
        return str(name[0]) if isinstance(name, tuple) else UNIX

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """The connection has ended."""
        self.alive = False
        self._leave_plain()
        self._stop_reading()
        self._taken()
        self._edge.left(self)

    def pause_writing(self) -> None:
        """The client does not take what we wrote: take nothing from it either."""
        self._leave_plain()
        self.stuck = True
        self._transport.pause_reading()
        self._left = self._transport.get_write_buffer_size()
        self.seen = self._edge.tick

    def resume_writing(self) -> None:
        """Resume writing."""
        self.stuck = False
        self._taken()
        self._next()

    def eof_received(self) -> bool:
        """The client has sent everything; keep the connection open only for a pending answer."""
        self._leave_plain()
        self._closing = True
        return self.busy or bool(self._queue) or bool(self._unread)

    def data_received(self, data: bytes) -> None:
        """The hot path. What is not plain goes to `_feed`."""
        if self.state:
            self._feed(data)
        elif not self._take(data, self):
            self._first_time(data)

    def _first_time(self, data: bytes) -> None:
        """A whole GET in one piece that the fast path does not know."""
        line, _, block = data.partition(b"\r\n")
        head = self._heads.get(block) or self._heads.learn(block)
        words = line.split(b" ")
        if head is None or len(words) != _LINE_WORDS or words[0] != _METHOD or words[2] != _VERSION:
            self._feed(data)
            return
        parts = words[1].split(b"/", _PATH_PARTS)
        endpoint = self._fast(parts[1]) if len(parts) >= _PATH_PARTS and not parts[0] else None
        if endpoint is None or len(words[1]) > self._edge.url_bytes:
            self._feed(data)
            return
        rest = parts[3] if len(parts) > _PATH_PARTS else b""
        try:
            answer = endpoint(parts[2], rest, head, self)
        except Exception:  # noqa: BLE001 - whatever is wrong with us, the recipient is served
            answer = self._edge.failed(words[1])
        if answer is None:
            self.state = HIT
            self._learn(data, rest, head)
        else:
            self.seen = self._edge.tick
            self.write(answer)

    def deliver(self, error: "StorageError | None") -> None:
        """The hit is durable, or lost: answer, and continue with the next request."""
        self._leave_plain()
        if self.given_up:
            return
        answer = self.answer
        if error is not None and self.lost_answer is not None:
            answer = self.lost_answer
        self.busy = False
        if not self.alive:
            return
        if self._closing and not self._queue and not self._unread:
            self._end(answer)
            return
        self.answer, self.lost_answer = b"", None  # whatever becomes of a large one, it is not kept here as well
        self._send(answer)
        self._next()

    def give_up(self) -> None:
        """The disk does not answer: serve the plain hit that waits for it, and let nothing else come this way."""
        self.given_up = True
        self._end(self.answer)

    @property
    def waits(self) -> bool:
        """A request waits for the journal."""
        return self.busy or self.state == HIT

    @property
    def expects(self) -> bool:
        """It was only just opened, or its request is not whole yet: it must not be ended without an answer."""
        return bool(self.began) or (self.state == IDLE and self.visitor is None and self._parser is None)

    def overdue(self, tick: int) -> bool:
        """Whether the client had its time (called once a second)."""
        limits = self._edge.core.config.limits
        if self.waits:
            return False
        if self.stuck:
            left = self._transport.get_write_buffer_size()
            if self._left - left >= _PROGRESS:
                self._left, self.seen = left, tick
            return tick - self.seen > limits.request_seconds
        if self.began:
            return tick - self.began > limits.request_seconds
        return tick - self.seen > limits.idle_seconds

    def hang_up(self, answer: bytes = b"") -> None:
        """Close it."""
        if answer and not self.stuck and not self._lingering:
            self._end(answer)
        else:
            self._transport.abort()

    def _leave_plain(self) -> None:
        if self.state == HIT:
            self.busy = True
        self.state = OTHER

    def _feed(self, data: bytes) -> None:
        self._leave_plain()
        self.seen = self._edge.tick
        if self._lingering or self._closing:
            return
        if self._proxy_data is not None:
            self._take_proxy_line(self._proxy_data + data)
            return
        if self._unread:  # it came before reading was paused
            self._unread, self._at = self._unread[self._at :] + data, 0
        elif len(data) <= _PIECE:
            self._read_piece(data)
        else:
            self._unread, self._at, self._row = data, 0, 0
            self._read_on()

    def _read_on(self) -> None:
        """A piece at a time, for as long as what is in it can be worked off."""
        while self._unread and self.alive and not self._lingering:
            if self._queue and len(self._queue) > _WAITING_REQUESTS:
                self._hold_unread()
                return
            piece = self._unread[self._at : self._at + _PIECE]
            self._at += _PIECE
            if self._at >= len(self._unread):
                self._drop_unread()
            self._read_piece(piece)
            if self._row > _IN_A_ROW:
                self._edge.core.counts.add(RequestOutcome.TOO_MANY)
                self._transport.abort()
                return

    def _hold_unread(self) -> None:
        """What follows is read when the requests before it are answered."""
        self._transport.pause_reading()
        if self._unread_place is None:
            self._unread_place = self._edge.held.place()
            if not self._unread_place.take(len(self._unread)):
                self._edge.core.counts.add(RequestOutcome.TOO_MANY)
                self._transport.abort()

    def _drop_unread(self) -> None:
        self._unread = b""
        if self._unread_place is not None:
            self._unread_place.leave()
            self._unread_place = None

    def _read_piece(self, data: bytes) -> None:
        self._leave_plain()
        if self._parser is None:
            self._parser = RequestParser(self._edge.core.config.limits, self._edge.router.body_limit, self._edge.held)
        try:
            requests = self._parser.feed(data)
        except RequestRefusedError as refusal:
            self._refuse(refusal, self._parser.target)
            return
        self.began = (self.began or self._edge.tick) if self._parser.partial else 0
        if self._queue is None:
            self._queue = deque()
        self._queue.extend(requests)
        self._row += len(requests)
        if self._parser.wants_word and not self._queue and not self.busy:
            self._parser.wants_word = False
            self.write(_CONTINUE)
        self._work_off()

    def _next(self) -> None:
        """Work off what waits, then what came behind it."""
        self._work_off()
        if not (self.busy or self.stuck):
            self._read_on()

    def _work_off(self) -> None:
        """Process whole requests until one has to wait."""
        while self._queue and not self.busy and not self.stuck and self.alive and not self._lingering:
            request = self._queue.popleft()
            if not request.keep_alive or (self._closing and not self._queue and not self._unread):
                self._closing = True
                self._queue.clear()
                self._drop_unread()
            self.busy = True
            try:
                answer = self._edge.router.route(request, self)
            except Exception:  # noqa: BLE001 - as above
                answer = self._edge.failed(request.target)
            if answer is None:
                return
            self.busy = False
            if self._closing and not self._queue and not self._unread:
                self._end(answer)
            else:
                self._send(answer)
        if not (self._queue or self.busy or self.stuck or self._lingering or self._unread) and self.alive:
            self._settle()

    def _settle(self) -> None:
        """All requests are answered: read again, with the fast path if no request has begun."""
        self._transport.resume_reading()
        if self._parser is None or not self._parser.partial:
            if self._parser is not None:
                self._parser.close()
                self._parser = None
            self.state = IDLE

    def _take_proxy_line(self, data: bytes) -> None:
        try:
            line = read_proxy_line(data)
        except ValueError:
            self._refuse(RequestRefusedError(400, RequestOutcome.MALFORMED), b"")
            return
        if line is None:
            self._proxy_data = data
            return
        self._proxy_data = None
        self.peer = line.address or self.peer
        self.line = f"proxied {self.line}".rstrip()
        self.state = IDLE
        self.began = 0
        if rest := data[line.length :]:
            self.data_received(rest)

    def _refuse(self, refusal: RequestRefusedError, target: bytes) -> None:
        answer = self._edge.refused(refusal, target)
        self._drop_unread()
        if self._queue:  # what was whole is answered, what follows it cannot be read
            self._closing = True
            return
        if self.busy:  # the answer before comes first
            self._closing = self._lingering = True
            return
        self._end(answer)

    def _end(self, answer: bytes) -> None:
        """The last answer: write it, then close."""
        self._lingering = True
        self.state = OTHER
        self._stop_reading()
        self._send(closing(answer))
        self._transport.close()

    def _stop_reading(self) -> None:
        """Nothing more is taken: give back what was held."""
        self._drop_unread()
        if self._parser is not None:
            self._parser.close()

    def _send(self, answer: bytes) -> None:
        """Write an answer; a large one is counted until the client has taken it."""
        if len(answer) < LARGE:
            self.write(answer)
            return
        if self._large is not None or not self._edge.sent.enter(answer):
            self.write(self._edge.busy())
            return
        self._large = answer
        self.write(answer)
        if not self.stuck:
            self._taken()

    def _taken(self) -> None:
        if self._large is not None:
            self._edge.sent.leave(self._large)
            self._large = None
