"""The public URLs: `{base}/{prefix}/{copy token}...`, built and recognised."""

import re
from typing import Final, NamedTuple, Protocol

from postlude.model.split_url import SplitUrl
from postlude.tokens.codec import TokenCodec
from postlude.tokens.copy_tokens import CopyRef, CopyTokens, Kind

_SEGMENT_END: Final = re.compile(r"[/?#]")
_LINK_PATH: Final = re.compile(r"([0-9]{1,5})\.([A-Za-z0-9_-]{11})/(.+)", re.DOTALL)


class Prefixes(NamedTuple):
    """The first path segment of each endpoint. Settings: block lists match `/track` and `/open`."""

    pixel: str = "i"
    link: str = "l"
    unsubscribe: str = "u"
    preferences: str = "s"
    view: str = "v"
    hook: str = "h"
    """Webhook of sending providers."""
    confirm: str = "c"
    """URL of the page that confirms a subscription."""
    file: str = "f"
    """Files that campaigns link to."""


class OwnUrl(NamedTuple):
    """A URL of ours that was recognised and verified."""

    endpoint: str
    """`pixel`, `link`, `unsubscribe`, `preferences` or `view`; `carrier` of a foreign URL with an act token in it."""
    ref: CopyRef
    position: int
    destination: str
    """A link's destination; empty for the other endpoints."""


def split_link(path: str) -> tuple[int, str, str] | None:
    """`position.mac/destination` taken apart; None when it has not that form."""
    match = _LINK_PATH.fullmatch(path)
    return (int(match[1]), match[2], match[3]) if match else None


class TokenOf(Protocol):
    """Makes one token of a copy."""

    def __call__(self, copy: int, /) -> str:
        """As it stands in a URL."""
        ...


class CopyTokensOf(Protocol):
    """Makes the tokens of a copy."""

    def __call__(self, copy: int, /) -> CopyTokens:
        """Both of them, or the read token alone."""
        ...


class Urls:
    """The URLs of one message or campaign, split around the copy's token.

    `head + token + tail` is a URL: with the read token for pixel and links, with the act token for the pages. Only the
    tokens differ between recipients, which is what lets a compiled template be `token.join(segments)`.
    """

    def __init__(self, codec: TokenCodec, base: str, kind: Kind, scope: int, prefixes: Prefixes | None = None) -> None:
        self._codec = codec
        self._base = base.rstrip("/")
        self._kind = kind
        self._scope = scope
        self._prefixes = prefixes or Prefixes()
        minter = codec.minter(kind, scope)
        self.tokens: Final[CopyTokensOf] = minter.tokens
        """Both tokens of a copy, by its id."""
        self.read_only: Final[CopyTokensOf] = minter.read_only
        """The same without the act token, for mail in which no page is named."""
        self.token: Final[TokenOf] = minter.read
        """The token of a copy's pixel and links."""
        self.act_token: Final[TokenOf] = minter.act
        """The token of a copy's pages."""

    def __reduce__(self) -> tuple[type["Urls"], tuple[TokenCodec, str, Kind, int, Prefixes]]:
        """For a child process that makes the same URLs."""
        return Urls, (self._codec, self._base, self._kind, self._scope, self._prefixes)

    def pixel(self) -> SplitUrl:
        """The pixel's URL."""
        return SplitUrl(f"{self._base}/{self._prefixes.pixel}/", ".gif")

    def link(self, position: int, url: str) -> SplitUrl:
        """One tracked link's URL."""
        tail = self._codec.link_tail(self._kind, self._scope, position, url)
        return SplitUrl(f"{self._base}/{self._prefixes.link}/", f"/{tail}")

    def unsubscribe(self) -> SplitUrl:
        """The unsubscribe URL (page on GET, RFC 8058 on POST)."""
        return SplitUrl(f"{self._base}/{self._prefixes.unsubscribe}/", "")

    def preferences(self) -> SplitUrl:
        """The preferences page's URL."""
        return SplitUrl(f"{self._base}/{self._prefixes.preferences}/", "")

    def view(self) -> SplitUrl:
        """The view-in-browser URL."""
        return SplitUrl(f"{self._base}/{self._prefixes.view}/", "")

    def recognise(self, url: str) -> OwnUrl | None:
        """What a URL of ours says, whichever message it was made for; None for foreign or forged ones.

        A foreign one is told as well when it carries the token of a copy's pages: whoever has it may do what they do.
        """
        return recognise(self._codec, self._base, self._prefixes, url) or _carrier(self._codec, url)


def confirm_url(codec: TokenCodec, base: str, prefixes: Prefixes, list_id: int, contact: int) -> str:
    """URL where a contact confirms a subscription."""
    return f"{base.rstrip('/')}/{prefixes.confirm}/{codec.mint_confirm(list_id, contact)}"


def hook_url(codec: TokenCodec, base: str, prefixes: Prefixes, provider: str) -> str:
    """The webhook URL for a sending provider. Anyone who knows it can call it, so it is shown to operators only."""
    return f"{base.rstrip('/')}/{prefixes.hook}/{provider}/{codec.mint_hook(provider)}"


def recognise(codec: TokenCodec, base: str, prefixes: Prefixes, url: str) -> OwnUrl | None:
    """Verify any URL under `base`; None for foreign or forged ones."""
    base = base.rstrip("/") + "/"
    if not url.startswith(base):
        return None
    prefix, _, rest = url[len(base) :].partition("/")
    endpoints = dict(zip(prefixes, Prefixes._fields, strict=True))
    endpoint = endpoints.get(prefix)
    if endpoint is None:
        return None
    token, _, tail = rest.partition("/")
    if endpoint == "link":
        ref = codec.read_read(token)
    else:  # what an author or a gateway puts behind it is not looked at, neither by the edge
        token = _SEGMENT_END.split(rest, maxsplit=1)[0]
        ref = codec.read_read(token.removesuffix(".gif")) if endpoint == "pixel" else codec.read_act(token)
    if ref is None:
        return None
    if endpoint != "link":
        return OwnUrl(endpoint, ref, -1, "")
    parts = split_link(tail)
    if parts is None:
        return None
    position, mac, encoded = parts
    destination = codec.read_link(ref, position, mac, encoded)
    return None if destination is None else OwnUrl(endpoint, ref, position, destination)


def _carrier(codec: TokenCodec, url: str) -> OwnUrl | None:
    return next((OwnUrl("carrier", ref, -1, "") for _, ref in codec.find_acting(url)), None)
