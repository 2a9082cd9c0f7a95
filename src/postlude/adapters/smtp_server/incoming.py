"""A message while it comes in: looked through and unstuffed piece by piece.

So 25 MB never hold the event loop, or all threads, for the time that looking through them takes.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

from postlude.mail.limits import HEAD_BYTES
from postlude.services.messages.accept import only_crlf

_BEGINNING: Final = 2 * HEAD_BYTES


class ReceivedMail(NamedTuple):
    """A message with CRLF line ends and without dot-stuffing."""

    beginning: bytes
    """All of it; of a large one so much that its header is in it."""
    rest: Sequence[bytes] = ()
    """The pieces behind it."""

    @property
    def size(self) -> int:
        """Bytes in all."""
        return len(self.beginning) + sum(map(len, self.rest))


class IncomingMail:
    """Takes the pieces of one message."""

    def __init__(self, *, stuffed: bool) -> None:
        """`stuffed`: it came by DATA, behind a CR LF that is none of it, its dots doubled (RFC 5321 4.5.2)."""
        self._stuffed = stuffed
        self._skip = 2 if stuffed else 0
        self._held = b""  # a line end may go on in the next piece, and what follows it may be a dot
        self._pieces: list[bytes] = []
        self._bare = False
        self.size = 0
        """Bytes that came."""

    def add(self, piece: bytes) -> None:
        """The next piece, which may end anywhere."""
        self.size += len(piece)
        data = self._held + piece
        end = len(data) - (2 if data.endswith(b"\r\n") else data.endswith(b"\r"))
        self._held = data[end:]
        self._take(data[:end])

    def drop(self) -> None:
        """Forget what came: it will not be kept."""
        self._pieces.clear()

    def ended(self) -> ReceivedMail | None:
        """The message; None when it has a bare CR or LF."""
        self._take(self._held)
        self._held = b""
        pieces, self._pieces = self._pieces, []
        if self._bare:
            return None
        size = count = 0
        while count < len(pieces) and size < _BEGINNING:
            size += len(pieces[count])
            count += 1
        return ReceivedMail(b"".join(pieces[:count]), pieces[count:])

    def _take(self, data: bytes) -> None:
        self._bare = self._bare or not only_crlf(data)
        if self._stuffed:
            data = data.replace(b"\r\n.", b"\r\n")
        if data:
            self._pieces.append(data[self._skip :])
            self._skip = 0
