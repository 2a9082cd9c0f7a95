"""Configuration of one edge process. Built by the composition root; not read from the environment here."""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from postlude.kit.clock import day_start
from postlude.tokens import Prefixes

OLD_TOKENS_UNTIL: Final = day_start("2028-01-01")


class AddressForm(StrEnum):
    """How a visitor's address is stored."""

    FULL = "full"
    TRUNCATED = "truncated"  # /24 and /48
    HASHED = "hashed"  # keyed, with a key that is thrown away every day
    NONE = "none"


class VisitorLimits(NamedTuple):
    """Limits of one visitor. The defaults have their arithmetic beside them."""

    header_bytes: int = 16_384  # nginx's four times 8 kB is for cookies, which are not used here
    url_bytes: int = 8_192  # a 2,000-character URL encoded twice is under 6,000 characters
    body_bytes: int = 65_536  # a preferences form offers at most 100 lists
    stranger_body_bytes: int = 8_192  # of who shows no token of ours; read only so that the answer is seen
    unanswered_bytes: int = 32 << 20  # of all bodies beyond that, and of requests that wait behind others
    sent_bytes: int = 128 << 20  # of large answers that clients have not taken yet; the same file counts once
    hook_bytes: int = 1 << 20  # of a provider's call; SendGrid batches up to 768 kB
    request_seconds: int = 10  # from a request's first byte to its last
    idle_seconds: int = 75  # between two requests on one connection
    connections: int = 10_000  # about 3 kB each
    connections_per_address: int = (
        1_000  # image proxies of large providers open some hundreds; trusted proxies are not counted
    )
    hits_per_minute: int = 600  # per address; beyond it hits are marked, never refused


class Brand(NamedTuple):
    """Appearance of the pages for recipients."""

    name: str = ""
    """Who sends the mail, shown above every page."""
    logo_url: str = ""
    colour: str = "#1d4ed8"
    contact: str = ""
    """Contact of the sender: an address or a sentence."""
    imprint_url: str = ""


class AddressFacts(Protocol):
    """Facts about a visitor's address: country, network."""

    def __call__(self, address: str, /) -> Mapping[str, str]:
        """Facts to journal; empty when nothing is known."""
        ...


class AgentFacts(Protocol):
    """Facts about a program: on a list of crawlers, in the operator's own rules."""

    def __call__(self, user_agent: str, /) -> Mapping[str, str]:
        """Facts to journal; empty when nothing is known."""
        ...


class EdgeConfig(NamedTuple):
    """One edge process."""

    host: str = "127.0.0.1"
    port: int = 8701
    """0 takes any free port; ignored when listening sockets are handed in."""
    unix_path: Path | None = None
    """Unix socket to listen on, too."""
    prefixes: Prefixes = Prefixes()
    tls_cert: Path | None = None
    tls_key: Path | None = None
    proxies: tuple[str, ...] = ()
    """Networks whose X-Forwarded-For, X-Forwarded-Proto and PROXY lines are believed; `unix` is the unix socket."""
    proxy_protocol: bool = False
    """Connections from `proxies` begin with a PROXY line (version 1 or 2)."""
    address_form: AddressForm = AddressForm.TRUNCATED
    address_key: Path | None = None
    """File several edges share for AddressForm.HASHED; without one each process has its own key."""
    address_facts: AddressFacts | None = None
    """Facts that need the raw address (`classify.network_facts`)."""
    agent_facts: AgentFacts | None = None
    """Facts that the lists of this moment give about a user agent."""
    revoked: Path | None = None
    """`revoked.bin` as `edge.revoked.write_revoked` makes it; read again within 5 seconds of a change."""
    lists: Path | None = None
    """The lists a preferences page offers, as `edge.lists.write_lists` makes the file."""
    files: Path | None = None
    """Folder of the files campaigns link to, each under its id."""
    views: Path | None = None
    """Folder of the finished pages for view in browser, `{message or campaign id}.html`: only read, never parsed."""
    old_tokens_until: int = OLD_TOKENS_UNTIL
    """Until then (microseconds) tokens minted before there were two of them open the pages of their copy. Their pixels
    and links work for good."""
    own_browser_back: str = "/"
    """Where the web app's preferences are: who marks their own browser goes back there."""
    own_browser_secure: bool = False
    """Whether the edge is reached over https."""
    robots: str = "User-agent: *\nDisallow: /\n"
    app_site_association: str = ""
    """JSON for iOS universal links; empty answers 404."""
    assetlinks: str = ""
    """JSON for Android app links; empty answers 404."""
    brand: Brand = Brand()
    limits: VisitorLimits = VisitorLimits()
