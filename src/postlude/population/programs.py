"""Programs that ask for pixels and links: how they name themselves, and from where they ask.

User agents are of the kinds that logs show. Addresses of people and of unlisted machines are from networks that are
never routed (RFC 1918, RFC 6598, RFC 2544), those of providers from the networks they publish; nothing is sent there.
"""

from collections.abc import Mapping
from random import Random
from types import MappingProxyType
from typing import Final, NamedTuple

_PAGE: Final = MappingProxyType(
    {"Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "Accept-Language": "en-GB,en;q=0.9"}
)
_IMAGE: Final = MappingProxyType({"Accept": "image/avif,image/webp,*/*;q=0.8", "Accept-Language": "en-GB,en;q=0.9"})
_ANY: Final = MappingProxyType({"Accept": "*/*"})
_CHROME_VERSIONS: Final = range(138, 150)
_FIREFOX_VERSIONS: Final = range(138, 150)


class Program(NamedTuple):
    """One program with its address."""

    user_agent: str
    address: str
    headers: Mapping[str, str] = _PAGE

    def for_images(self) -> "Program":
        """The same when it asks for an image."""
        return self._replace(headers=_IMAGE if self.headers is _PAGE else self.headers)


def home_address(chance: Random) -> str:
    """A household's line."""
    return f"10.{chance.randrange(256)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def mobile_address(chance: Random) -> str:
    """A telephone's, behind its carrier's translation."""
    return f"100.{chance.randrange(64, 128)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def office_address(chance: Random) -> str:
    """The one address of an office."""
    return f"172.{chance.randrange(16, 32)}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


def unlisted_address(chance: Random) -> str:
    """A machine's in a data centre that is on no list."""
    return f"198.{chance.choice((18, 19))}.{chance.randrange(256)}.{chance.randrange(1, 255)}"


_PROVIDERS: Final = {
    "google": ("66.249.84.", "66.102.8.", "74.125.210."),
    "apple": ("172.225.30.", "172.226.40.", "104.28.30.", "146.75.180."),
    "microsoft": ("40.94.30.", "40.107.22.", "104.47.11."),
    "barracuda": ("64.235.150.", "64.235.153.", "209.222.82."),
    "proofpoint": ("67.231.152.", "148.163.135.", "205.220.165."),
    "mimecast": ("207.211.30.", "205.139.110.", "170.10.129."),
    "yahoo": ("10.255.1.", "10.255.2."),  # Yahoo publishes no list of its image proxies
}


def provider_address(provider: str, chance: Random) -> str:
    """An address in a network that a provider publishes."""
    return f"{chance.choice(_PROVIDERS[provider])}{chance.randrange(1, 255)}"


def desktop_browser(chance: Random) -> str:
    """What people have at a desk, by the shares of the day, roughly."""
    kind = chance.random()
    if kind < 0.55:  # noqa: PLR2004 - shares
        return _chrome(chance, "Windows NT 10.0; Win64; x64")
    if kind < 0.7:  # noqa: PLR2004
        version = chance.choice(_CHROME_VERSIONS)
        return f"{_chrome(chance, 'Windows NT 10.0; Win64; x64', version)} Edg/{version}.0.0.0"
    if kind < 0.82:  # noqa: PLR2004
        return _safari("Macintosh; Intel Mac OS X 10_15_7", "")
    if kind < 0.92:  # noqa: PLR2004
        version = chance.choice(_FIREFOX_VERSIONS)
        return f"Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:{version}.0) Gecko/20100101 Firefox/{version}.0"
    return _chrome(chance, "X11; Linux x86_64")


def phone_browser(chance: Random) -> str:
    """What opens when a link is touched."""
    if chance.random() < 0.4:  # noqa: PLR2004 - share
        return _safari("iPhone; CPU iPhone OS 18_6 like Mac OS X", " Mobile/15E148")
    return _chrome(chance, "Linux; Android 10; K").replace(" Safari/", " Mobile Safari/")


def apple_browser(chance: Random) -> str:
    """The browser of who reads with Apple Mail."""
    if chance.random() < 0.65:  # noqa: PLR2004 - share of telephones
        return _safari("iPhone; CPU iPhone OS 18_6 like Mac OS X", " Mobile/15E148")
    return _safari("Macintosh; Intel Mac OS X 10_15_7", "")


def plain_browser(chance: Random) -> str:
    """The string that a filter shows in order to look like a person."""
    return _chrome(chance, "Windows NT 10.0; Win64; x64")


def _chrome(chance: Random, platform: str, version: int = 0) -> str:
    version = version or chance.choice(_CHROME_VERSIONS)
    return f"Mozilla/5.0 ({platform}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/{version}.0.0.0 Safari/537.36"


def _safari(platform: str, mobile: str) -> str:
    return f"Mozilla/5.0 ({platform}) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6{mobile} Safari/604.1"


def thunderbird(chance: Random) -> str:
    """Thunderbird."""
    version = chance.choice((128, 140, 144))
    return f"Mozilla/5.0 (X11; Linux x86_64; rv:{version}.0) Gecko/20100101 Thunderbird/{version}.2.0"


OUTLOOK_DESKTOP: Final = (
    "Mozilla/4.0 (compatible; ms-office; MSOffice 16)",
    "Microsoft Office/16.0 (Windows NT 10.0; Microsoft Outlook 16.0.17328; Pro)",
)
MOBILE_APPS: Final = (
    "Outlook-iOS/724.5.apple.com (4.2431.0)",
    "Outlook-Android/2.0",
    "Mozilla/5.0 (Linux; Android 14; SM-S911B) SamsungEmail/6.1.90",
    "K-9 Mail for Android",
)
GOOGLE_PROXY: Final = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
GMAIL_PREFETCH: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/42.0.2311.135 "
    "Safari/537.36 Edge/12.246 Mozilla/5.0"
)
YAHOO_PROXY: Final = "YahooMailProxy; https://help.yahoo.com/kb/yahoo-mail-proxy-SLN28749.html"
APPLE_PROXY: Final = "Mozilla/5.0"
NAMED_GATEWAYS: Final = (
    "Mozilla/5.0 (compatible; Sophos Email Appliance URL scanner)",
    "Mozilla/5.0 (compatible; Bitdefender TrafficScanner/1.0)",
    "Mimecast URL Protect/1.0",
)
LIBRARIES: Final = ("python-requests/2.32.3", "Go-http-client/1.1", "Java/17.0.9", "curl/8.5.0")


def proxy(user_agent: str, provider: str, chance: Random) -> Program:
    """An image proxy."""
    return Program(user_agent, provider_address(provider, chance), _ANY)


def bare_program(user_agent: str, address: str) -> Program:
    """A program that sends no header more than it must."""
    return Program(user_agent, address, _ANY)
