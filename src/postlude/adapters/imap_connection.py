"""A connection to an IMAP server that says no more than it was asked for: bounded in bytes and time, from the greeting.

The library keeps all that a server sends in memory, and waits for each piece as long as for a whole answer.
"""

import imaplib
import socket
import ssl
from time import monotonic
from typing import Any, Final

from imapclient import IMAPClient  # type: ignore[import-untyped]  # it ships no types
from imapclient.exceptions import IMAPClientError  # type: ignore[import-untyped]  # as above

_STRANGER_BYTES: Final = 65_536  # greeting, capabilities and login: a server that is not known yet
_ANSWER_BYTES: Final = 65_536  # beside a mail
_LINES_BYTES: Final = 2 << 20  # beside those, in answer to one command: a search names 50,000 mails
_LINE_BYTES: Final = 1_000_000
_LEAST_BYTES_A_S: Final = 16_384  # a large mail takes its time; one byte a second is none
_PIECE: Final = 65_536


class BoundedImap(imaplib.IMAP4):
    """The socket and its two ways of reading. Raises IMAPClientError and TimeoutError where a server goes too far."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, timeout_s: float) -> None:
        self._tls: Final = tls
        self._timeout_s: Final = timeout_s
        self._buffer: Final = bytearray()
        self._literal_bytes = self._most = _STRANGER_BYTES
        self._received = 0
        self._since = monotonic()
        super().__init__(host, port, timeout_s)

    def trust(self, literal_bytes: int) -> None:
        """The server knows us: from the next command on it may send mails of so many bytes."""
        self._literal_bytes = literal_bytes + _ANSWER_BYTES
        self._most = self._literal_bytes + _LINES_BYTES

    def renew_time(self) -> None:
        """What is waited for now begins now: IDLE is one command, and lasts."""
        self._since = monotonic() - self._received / _LEAST_BYTES_A_S

    def read(self, size: int) -> bytes:
        """A literal, or what there is of it when the server hangs up."""
        if size > self._literal_bytes:
            raise IMAPClientError(f"the server announced {size:,} bytes where at most {self._literal_bytes:,} are read")
        while len(self._buffer) < size and self._more():
            pass
        return self._cut(size)

    def readline(self) -> bytes:
        """A line with its end, or what there is of it when the server hangs up."""
        at = 0
        while (end := self._buffer.find(b"\n", at)) < 0:
            at = len(self._buffer)
            if at > _LINE_BYTES:
                raise IMAPClientError(f"the server sent a line of more than {_LINE_BYTES:,} bytes")
            if not self._more():
                return self._cut(at)
        return self._cut(end + 1)

    def _cut(self, size: int) -> bytes:
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    def _more(self) -> bool:
        """Wait for the next piece; False at the end of the connection."""
        left_s = self._since + self._timeout_s + self._received / _LEAST_BYTES_A_S - monotonic()
        if left_s <= 0:
            raise TimeoutError(f"the server took more than {monotonic() - self._since:.0f} s for one answer")
        if self.sock.gettimeout() != 0:  # else it is only looked whether there is something
            self.sock.settimeout(min(left_s, self._timeout_s))
        data = self.sock.recv(_PIECE)
        self._received += len(data)
        if self._received > self._most:
            raise IMAPClientError(f"the server sent more than {self._most:,} bytes for one command")
        self._buffer.extend(data)
        return bool(data)

    def _new_tag(self) -> bytes:
        """Every command has one."""
        self._received, self._since = 0, monotonic()
        tag: bytes = super()._new_tag()  # type: ignore[misc]  # the standard library's own, which no stub knows
        return tag

    def _create_socket(self, timeout: float | None = None) -> socket.socket:
        sock = socket.create_connection((self.host, self.port), timeout)
        if self._tls is None:
            return sock
        try:
            return self._tls.wrap_socket(sock, server_hostname=self.host)
        except OSError:
            sock.close()
            raise


class BoundedClient(IMAPClient):  # type: ignore[misc]  # it has no types
    """A client on such a connection."""

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None, timeout_s: float) -> None:
        super().__init__(host, port, use_uid=True, ssl=tls is not None, ssl_context=tls, timeout=timeout_s)

    def trust(self, literal_bytes: int) -> None:
        """As the connection's."""
        self._imap.trust(literal_bytes)

    def idle_check(self, timeout: float | None = None) -> list[Any]:
        """What came while IDLE lasts."""
        self._imap.renew_time()
        return list(super().idle_check(timeout))

    def idle_done(self) -> tuple[bytes, list[Any]]:
        """End IDLE."""
        self._imap.renew_time()
        text, reported = super().idle_done()
        return text, reported

    def _create_IMAP4(self) -> BoundedImap:  # noqa: N802 - the library's own name
        return BoundedImap(self.host, self.port, tls=self.ssl_context, timeout_s=self._timeout.read)
