"""What instrumenting needs to know about our own URLs; `postlude.tokens.Urls` is one."""

from typing import Final, Protocol

from postlude.model.split_url import SplitUrl

TOKEN_LENGTH: Final = 36
"""Characters of a copy token; line lengths are laid out for it."""


class Ref(Protocol):
    """Which message or campaign a token belongs to."""

    @property
    def kind(self) -> int:
        """What `scope` names."""
        ...

    @property
    def scope(self) -> int:
        """Message or campaign id."""
        ...


class RecognisedUrl(Protocol):
    """A URL of ours that was recognised."""

    @property
    def endpoint(self) -> str:
        """`pixel`, `link`, or one of our pages."""
        ...

    @property
    def ref(self) -> Ref:
        """Whose it is."""
        ...

    @property
    def position(self) -> int:
        """Link position, -1 for the other endpoints."""
        ...

    @property
    def destination(self) -> str:
        """Where a link leads."""
        ...


class UrlMinter(Protocol):
    """Mints the URLs of one message or campaign, split around the copy token, and recognises our own."""

    def token(self, copy: int, /) -> str:
        """A copy's token: 36 characters of base64url."""
        ...

    def pixel(self) -> SplitUrl:
        """The pixel's URL."""
        ...

    def link(self, position: int, url: str, /) -> SplitUrl:
        """One tracked link's URL: printable ASCII without quotes, brackets and spaces."""
        ...

    def recognise(self, url: str, /) -> RecognisedUrl | None:
        """Content of a URL of ours; None for foreign or forged ones."""
        ...
