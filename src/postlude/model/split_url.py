"""A URL without the token that differs between recipients."""

from typing import NamedTuple


class SplitUrl(NamedTuple):
    """`head + token + tail` is the URL of one copy."""

    head: str
    tail: str

    def around(self, token: str) -> str:
        """The URL of the copy with this token."""
        return f"{self.head}{token}{self.tail}"
