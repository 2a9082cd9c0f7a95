"""Puts a message together from ranges that stay and bodies that were edited."""

from typing import Final

from postlude.instrument.base64_body import Base64Pieces

Pieces = list[list[bytes] | Base64Pieces]
"""Lists are joined by the copy token; base64 bodies hold it encoded."""


class Assembly:
    """Collects in order; linear in what it is given, however small the pieces are."""

    def __init__(self) -> None:
        self._pieces: Final[Pieces] = []
        self._done: list[bytes] = []
        self._open: list[bytes] = []

    def add(self, edited: list[bytes] | Base64Pieces) -> None:
        """Bytes split where the token goes, or a base64 body."""
        if not isinstance(edited, list):
            self._close()
            self._pieces.append(edited)
            return
        self._open.append(edited[0])
        for more in edited[1:]:
            self._done.append(b"".join(self._open))
            self._open = [more]

    def pieces(self) -> Pieces:
        """The complete message."""
        self._close()
        return self._pieces

    def _close(self) -> None:
        self._done.append(b"".join(self._open))
        self._pieces.append(self._done)
        self._done, self._open = [], []
