"""What a sending domain's SPF record must allow (RFC 7208): this server, or who relays for it."""

from collections.abc import Sequence
from typing import Final

_LOOPBACK: Final = frozenset(("127.0.0.1", "::1", "localhost", ""))
# What the providers themselves ask for; any other server is allowed by its own name.
_PROVIDERS: Final = {
    "gmail.com": "include:_spf.google.com",
    "amazonaws.com": "include:amazonses.com",
    "postmarkapp.com": "include:spf.mtasv.net",
    "mailgun.org": "include:mailgun.org",
    "sendgrid.net": "include:sendgrid.net",
    "office365.com": "include:spf.protection.outlook.com",
}


def public_host(host: str) -> str:
    """`host` where it is a name that others can look up; empty for this machine and for an address."""
    return "" if host in _LOOPBACK or _is_address(host) else host


def server_host(name: str) -> str:
    """The server's own name where it is a public one; empty for `localhost` and a name without a domain."""
    return name if "." in name and not name.startswith("localhost") else ""


def spf_mechanism(servers: Sequence[str], own: str) -> str:
    """What allows the next `servers` to send, else the server called `own`; empty while neither has a name."""
    for host in servers:
        for domain, mechanism in _PROVIDERS.items():
            if host == domain or host.endswith("." + domain):
                return mechanism
    outside = [host for host in servers if public_host(host)]
    sends = outside[0] if outside else own
    return f"a:{sends}" if sends else ""


def _is_address(host: str) -> bool:
    return ":" in host or host.replace(".", "").isdigit()
