"""One connection to a mail server: whole writes out, parsed replies in. No command is known here.

Written on asyncio.Protocol because sending is the hot path: one write per step, and no task, stream or lock per reply.
"""

import asyncio
import ssl
from typing import Final, NamedTuple, cast

from postlude.adapters.smtp_client.answer import describe_error

_MOST_BYTES: Final = 1 << 17  # of unread answers: far beyond any server's EHLO
_DIGITS: Final = 3


class Reply(NamedTuple):
    """One answer."""

    code: int
    text: str
    """Its lines joined by line feeds, without their codes."""


class Lost(Exception):  # noqa: N818 - a state of the world, not a fault of ours
    """The connection ended or the server did not answer in time; `str` gives the reason."""


class SmtpLine(asyncio.Protocol):
    """The wire. One user at a time."""

    def __init__(self) -> None:
        self.replies: list[Reply] = []
        """Unread answers, oldest first."""
        self.flushed = True
        """False while something written has not been handed to the kernel."""
        self._transport: asyncio.Transport | None = None
        self._lost: Lost | None = None
        self._rest = b""
        self._lines: list[str] = []
        self._wanted = 0
        self._waiter: asyncio.Future[None] | None = None
        self._drain: asyncio.Future[None] | None = None
        self._loop = asyncio.get_running_loop()

    @property
    def open(self) -> bool:
        """Whether the connection is open, as far as is known."""
        return self._transport is not None and self._lost is None and not self._transport.is_closing()

    @property
    def quiet(self) -> bool:
        """Whether the server has sent nothing unrequested."""
        return not self.replies and not self._rest and not self._lines

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Called by the loop."""
        self._transport = cast("asyncio.Transport", transport)
        # Paused means: the kernel has not got everything. This distinguishes `deferred` from `indeterminate`.
        self._transport.set_write_buffer_limits(high=0)

    def connection_lost(self, exc: Exception | None) -> None:
        """Called by the loop."""
        self.fail(f"the connection was lost ({exc})" if exc else "the server closed the connection")

    def pause_writing(self) -> None:
        """Called by the loop."""
        self.flushed = False

    def resume_writing(self) -> None:
        """Called by the loop."""
        self.flushed = True
        self._let_go_on()

    def data_received(self, data: bytes) -> None:
        """Called by the loop."""
        rest = self._rest + data if self._rest else data
        if len(rest) > _MOST_BYTES or len(self.replies) > _MOST_BYTES >> 8:
            self.fail("the server's answer is too long")
            self.close()
            return
        *lines, self._rest = rest.split(b"\n")
        for line in lines:
            self._take(line)
        if self._waiter is not None and len(self.replies) >= self._wanted and not self._waiter.done():
            self._waiter.set_result(None)
        if self.replies:
            self._let_go_on()

    def _take(self, raw: bytes) -> None:
        line = raw.rstrip(b"\r").decode("utf-8", "replace")
        code, mark = line[:_DIGITS], line[_DIGITS : _DIGITS + 1]
        if not (len(code) == _DIGITS and code.isascii() and code.isdigit() and mark in {"", " ", "-"}):
            self.fail(f"the server does not speak SMTP: {line[:100]!r}")
            self.close()
            return
        self._lines.append(line[_DIGITS + 1 :])
        if mark != "-":
            self.replies.append(Reply(int(code), "\n".join(self._lines)))
            self._lines = []

    def write(self, data: bytes) -> None:
        """Hand bytes to the connection; Lost when it has ended already."""
        if self._lost is not None or self._transport is None:
            raise self._lost or Lost("not connected")
        self._transport.write(data)

    async def drained(self, seconds: float) -> None:
        """Return when what was written is with the kernel, or an answer came. Lost as for `wait`."""
        if self._lost is not None:
            raise self._lost
        if self.flushed:
            return
        self._drain = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.fail, f"the server took nothing for {seconds:g} seconds")
        try:
            await self._drain
        finally:
            timer.cancel()
            self._drain = None

    def _let_go_on(self) -> None:
        if self._drain is not None and not self._drain.done():
            self._drain.set_result(None)

    async def wait(self, count: int, seconds: float) -> None:
        """Return when `count` answers are there; Lost when the connection ends or `seconds` pass before."""
        if len(self.replies) >= count:
            return
        if self._lost is not None:
            raise self._lost
        self._wanted = count
        self._waiter = self._loop.create_future()
        timer = self._loop.call_later(seconds, self.fail, f"no answer within {seconds:g} seconds")
        try:
            await self._waiter
        finally:
            timer.cancel()
            self._waiter = None

    async def ask(self, command: str, seconds: float) -> Reply:
        """One command, one answer."""
        if command:
            self.write(command.encode("utf-8", "surrogateescape") + b"\r\n")
        await self.wait(1, seconds)
        return self.replies.pop(0)

    async def secure(self, context: ssl.SSLContext, host: str, seconds: float) -> None:
        """Turn on TLS; Lost when that fails, also when the server sent anything before (CVE-2011-0411)."""
        if not self.quiet or self._transport is None:
            raise Lost("the server sent more than the answer to STARTTLS: the connection may be intercepted")
        try:
            transport = await self._loop.start_tls(
                self._transport, self, context, server_hostname=host, ssl_handshake_timeout=seconds
            )
        except (OSError, TimeoutError) as error:
            raise Lost(describe_error(error)) from error
        if transport is None:
            raise Lost("the connection ended during the TLS handshake")
        self.connection_made(transport)

    def fail(self, text: str) -> None:
        """From now on the connection counts as lost."""
        if self._lost is None:
            self._lost = Lost(text)
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(self._lost)
        if self._drain is not None and not self._drain.done():
            self._drain.set_exception(self._lost)

    def close(self) -> None:
        """Close it without QUIT."""
        if self._transport is not None:
            self._transport.abort()

    def write_quit(self) -> None:
        """Send QUIT and close the connection once it is written, without waiting for the answer."""
        if self._transport is not None and self._lost is None:
            self._transport.write(b"QUIT\r\n")
            self._transport.close()

    async def quit(self) -> None:
        """End it politely, waiting at most two seconds."""
        try:
            await self.ask("QUIT", 2)
        except Lost:
            pass
        finally:
            self.close()


async def dial(host: str, port: int, context: ssl.SSLContext | None, seconds: float) -> SmtpLine:
    """Connect, with TLS from the first byte when a context is given; Lost with the reason."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(seconds):
            _, line = await loop.create_connection(
                SmtpLine, host, port, ssl=context, server_hostname=host if context else None
            )
    except TimeoutError:
        raise Lost(f"no connection within {seconds:g} seconds") from None
    except OSError as error:
        raise Lost(describe_error(error)) from error
    return line
