"""Large answers on their way: how many bytes clients that read slowly may hold in this process."""

from typing import Final

LARGE: Final = 65_536
"""Bytes from which on an answer is counted."""


class Sent:
    """Answers that were written and not taken yet. One that goes to many at once lies in memory once."""

    def __init__(self, most: int) -> None:
        self._most: Final = most
        self._users: Final[dict[int, int]] = {}
        self._bytes = 0

    def enter(self, answer: bytes) -> bool:
        """Whether there is room for it; the caller keeps the very object until `leave`."""
        users = self._users.get(id(answer), 0)
        if not users and self._bytes and self._bytes + len(answer) > self._most:
            return False
        self._users[id(answer)] = users + 1
        self._bytes += 0 if users else len(answer)
        return True

    def leave(self, answer: bytes) -> None:
        """It is taken, or the connection is gone."""
        self._users[id(answer)] -= 1
        if not self._users[id(answer)]:
            del self._users[id(answer)]
            self._bytes -= len(answer)
