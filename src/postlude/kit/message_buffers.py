"""The memory that what comes in takes while it is not whole: one sum for all connections of a server."""

from typing import Self


class MessageBuffers:
    """Bytes of the messages that are coming in, of all connections of a server."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._now = 0

    def place(self) -> "BufferReservation":
        """Room for one message; a context that gives it back."""
        return BufferReservation(self)

    def take(self, size: int) -> bool:
        """Whether so many more bytes find room; they count until `give`."""
        if self._now + size > self._most:
            return False
        self._now += size
        return True

    def give(self, size: int) -> None:
        """Release them."""
        self._now -= size


class BufferReservation:
    """One message's share of the buffers."""

    def __init__(self, buffers: MessageBuffers) -> None:
        self._buffers = buffers
        self._size = 0
        self.crowded = False
        """The limit was reached: the rest of the message is dropped, too."""

    def take(self, size: int) -> bool:
        """Whether there is room for so many more bytes."""
        self.crowded = self.crowded or not self._buffers.take(size)
        self._size += 0 if self.crowded else size
        return not self.crowded

    def leave(self) -> None:
        """Release the buffers."""
        self._buffers.give(self._size)
        self._size = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.leave()
