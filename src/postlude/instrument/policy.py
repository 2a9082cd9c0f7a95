"""What may be tracked in one message."""

from enum import StrEnum

import msgspec


class PixelPlace(StrEnum):
    """Where the pixel goes. A `<!-- postlude:pixel -->` comment in the message wins over all of them."""

    AUTO = "auto"  # bottom, or top when the part is so large that Gmail would clip the bottom
    BOTTOM = "bottom"  # before the last real </body>, else at the end
    TOP = "top"  # right after <body>


class Policy(msgspec.Struct, frozen=True, kw_only=True):
    """Decided before the message is sent. The defaults are those of a new installation."""

    opens: bool = True
    clicks: bool = True
    text: bool = False
    """Track links in plain text parts too; they become long and visible."""
    exclude: tuple[str, ...] = ()
    """Hosts (`example.com`, with its subdomains) and URL prefixes (`https://example.com/a`)."""
    positions: frozenset[int] = frozenset()
    """Single links left alone, by position."""
    universal_hosts: tuple[str, ...] = ()
    """Hosts whose links open an app only when clicked directly."""
    visible_urls: bool = False
    """Track links whose visible text is a URL of another host than ours; some readers warn about those."""
    pixel: PixelPlace = PixelPlace.AUTO
    utm: tuple[tuple[str, str], ...] = ()
    """Query parameters for every http link that has not got them; `{host}` `{label}` `{position}` are filled in."""
    withdrawn: frozenset[str] = frozenset()
    """`opens`, `clicks`: what the recipient does not want. Nothing switches it on again, no header either."""
    unsubscribe: bool = False
    """Offer List-Unsubscribe; mail readers show a button for it."""
    view: bool = False
    """Create a page of the message for view in browser; anyone with its URL can read it."""
    headers: bool = True
    """Let the message's own header switches (`X-Postlude-Opens` ...) change this policy."""
    signing_domains: tuple[str, ...] = ()
    """Domains whose DKIM key we have: their signed messages may be changed, because they are signed again."""
