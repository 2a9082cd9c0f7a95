"""From a signed destination to a Location header: same bytes wherever a header can carry them."""

import re
from typing import Final
from urllib.parse import quote

from postlude.model.domain_name import browser_host

_HOST: Final = r"(?:[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?|\[[0-9A-Fa-f:.]+\])"
# What a header and every client take as it is. `"<>` and the space are what browsers encode by themselves anyway.
_PLAIN: Final = re.compile(
    rf"https?://{_HOST}(?::[0-9]{{1,5}})?(?:[/?#][\x21\x23-\x3b\x3d\x3f-\x7e]*)?", re.IGNORECASE | re.ASCII
).fullmatch
_PARTS: Final = re.compile(r"(https?)://([^/?#]+)(.*)", re.IGNORECASE | re.DOTALL).fullmatch
_USER_OK: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:%-]*@").fullmatch
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]").search
_KEPT: Final = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"<>')
_HOST_OK: Final = re.compile(rf"{_HOST}(?::[0-9]{{1,5}})?", re.ASCII).fullmatch


def location(url: str) -> bytes | None:
    """The value of the Location header; None for what no browser should be sent to.

    Refused: other schemes than http and https, no host, control characters, and backslashes in front of the path
    (which browsers and parsers read differently). User information stays: the sender wrote and signed it.
    """
    if _PLAIN(url):
        return url.encode("ascii")
    parts = _PARTS(url)
    if parts is None or _CONTROL(url):
        return None
    scheme, authority, rest = parts.groups()
    before, at, host = authority.rpartition("@")
    user = before + at
    if not host.isascii():
        host = _idna(host)
    if not _HOST_OK(host) or (user and not _USER_OK(user)):
        return None
    return f"{scheme}://{user}{host}{quote(rest, safe=_KEPT, errors='surrogateescape')}".encode("ascii")


def wanted_host(url: str) -> str:
    """The host a URL wants to lead to, for showing it to a person; empty when there is none to show."""
    parts = _PARTS(url.replace("\\", "/").strip())
    host = parts[2].rpartition("@")[2] if parts else ""
    return "".join(c for c in host if c.isprintable())[:100]


def _idna(authority: str) -> str:
    """The host as browsers ask for it, with its port; empty when they do not."""
    host, colon, port = authority.partition(":")
    found = browser_host(host)
    return found and found + colon + port
