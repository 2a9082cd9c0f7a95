"""One request as the endpoints get it, and the full HTTP/1 parser for everything but the plain case."""

from collections.abc import Callable
from typing import Final, NamedTuple
from urllib.parse import quote

import httptools

from postlude.edge.config import VisitorLimits
from postlude.edge.headers import RequestHead
from postlude.edge.outcome import RequestOutcome
from postlude.kit.message_buffers import MessageBuffers

_MAX_HEADERS: Final = 100
_PRINTABLE: Final = bytes(range(0x80)).decode()


class Request(NamedTuple):
    """A complete request."""

    method: str
    target: bytes
    head: RequestHead
    body: bytes
    keep_alive: bool
    headers: tuple[tuple[str, str], ...] = ()
    """All of them, names lower-cased; empty when the request came by the short way."""


class RequestRefusedError(Exception):
    """This cannot become a request; the connection ends with the status."""

    def __init__(self, status: int, outcome: RequestOutcome) -> None:
        super().__init__(status)
        self.status = status
        self.outcome = outcome


class RequestParser:
    """Feeds httptools and hands out whole requests; holds one request's limits whatever pieces it comes in."""

    def __init__(self, limits: VisitorLimits, body_limit: Callable[[bytes], int], held: MessageBuffers) -> None:
        """`body_limit`: how much of a body a target takes; `held`: what all bodies may take that are not small."""
        self._limits = limits
        self._limit_of = body_limit
        self._held = held
        self._place = held.place()
        self._parser = httptools.HttpRequestParser(self)
        self._ready: list[Request] = []
        self.partial = False
        """Whether a request has begun and is not whole."""
        self._begun = self._complete_head = False
        self._body_limit = limits.body_bytes
        self._line = b""
        self._line_underway = False
        self.wants_word = False
        """The client waits for `100 Continue` before it sends the body (RFC 9110 10.1.1)."""
        self._begin()

    def feed(self, data: bytes) -> list[Request]:
        """The complete requests; RequestRefusedError for invalid input."""
        self._ready = []
        refusal: RequestRefusedError | None = None
        try:
            self._parser.feed_data(self._mended(data))
        except httptools.HttpParserUpgrade:
            self._no_keep_alive()
        except httptools.HttpParserCallbackError as error:
            cause = error.__context__
            refusal = cause if isinstance(cause, RequestRefusedError) else _malformed()
        except httptools.HttpParserError:
            refusal = _malformed()
        if refusal is None and self.partial and not self._complete_head:
            if not self._begun:
                self._drip_bytes += len(data)
            refusal = self._too_large()
        self._begun = False
        if refusal is None:
            return self._ready
        if not self._ready:
            raise refusal
        self._no_keep_alive()  # complete requests are answered, what follows cannot be parsed
        return self._ready

    def close(self) -> None:
        """Nothing more comes: give back what was held."""
        self._place.leave()

    @property
    def target(self) -> bytes:
        """The received part of the current request's target, or of the bytes in its place."""
        if self._target:
            return self._target
        words = self._line.split(b" ")
        return words[1].strip() if len(words) > 1 else b""

    def _mended(self, data: bytes) -> bytes:
        """Some mail programs send a URL's other letters as they are; httptools takes them only encoded."""
        if not self.partial:
            self._line, self._line_underway = b"", True
        if not self._line_underway:
            return data
        line, end, rest = data.partition(b"\n")
        self._line_underway = not end
        self._line = (self._line + line)[: self._limits.url_bytes]
        return data if line.isascii() else quote(line, safe=_PRINTABLE).encode("ascii") + end + rest

    def _too_large(self) -> RequestRefusedError | None:
        if len(self._target) > self._limits.url_bytes:
            return RequestRefusedError(414, RequestOutcome.TOO_LARGE)
        if max(self._head_bytes, self._drip_bytes) > self._limits.header_bytes:
            return RequestRefusedError(431, RequestOutcome.TOO_LARGE)
        return None

    def _begin(self) -> None:
        self._target = b""
        self._pairs: list[tuple[str, str]] = []
        self._body: list[bytes] = []
        self._place.leave()
        self._place = self._held.place()
        self._head_bytes = self._drip_bytes = self._body_bytes = 0
        self._begun = True
        self._complete_head = False

    def _no_keep_alive(self) -> None:
        """The connection ends with the last whole request (an upgrade we do not do, or garbage behind it)."""
        if self._ready:
            self._ready[-1] = self._ready[-1]._replace(keep_alive=False)

    # What follows is called by httptools under these names.

    def on_message_begin(self) -> None:
        """A request line has begun."""
        self._begin()
        self.partial = True

    def on_url(self, url: bytes) -> None:
        """A piece of the target."""
        self._target += url
        if refusal := self._too_large():
            raise refusal

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        self._pairs.append((name.decode("latin-1"), value.decode("latin-1")))
        self._head_bytes += len(name) + len(value)
        if len(self._pairs) > _MAX_HEADERS:
            raise RequestRefusedError(431, RequestOutcome.TOO_LARGE)
        if refusal := self._too_large():
            raise refusal

    def on_headers_complete(self) -> None:
        """The empty line came."""
        self._complete_head = True
        expected = next((value for name, value in self._pairs if name.lower() == "expect"), "")
        self.wants_word = expected.lower() == "100-continue"

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        if not self._body_bytes:
            self._body_limit = self._limit_of(self._target)
        self._body_bytes += len(body)
        if self._body_bytes > self._body_limit:
            raise RequestRefusedError(413, RequestOutcome.TOO_LARGE)
        if self._body_bytes > self._limits.stranger_body_bytes and not self._place.take(len(body)):
            raise RequestRefusedError(503, RequestOutcome.TOO_MANY)
        self._body.append(body)

    def on_message_complete(self) -> None:
        """The request is complete."""
        self.partial = False
        method = self._parser.get_method().decode("ascii")
        keep = bool(self._parser.should_keep_alive())
        headers = tuple((name.lower(), value) for name, value in self._pairs)
        self._ready.append(Request(method, self._target, RequestHead(self._pairs), b"".join(self._body), keep, headers))
        self.wants_word = False


def _malformed() -> RequestRefusedError:
    return RequestRefusedError(400, RequestOutcome.MALFORMED)
