"""Asking whether links lead anywhere: one GET each, a few at once, nothing kept.

Whoever writes a mailing says where the request goes, and where a redirect goes is decided by a stranger. So only public
addresses are asked, at every step and at the moment of connecting: no router, no database, nothing of this machine.
"""

import http.client
import socket
import ssl
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any, Final, Self
from urllib.parse import urljoin, urlsplit

_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 10.0
_MOST_S: Final = 30.0  # with all redirects: who sends a byte every nine seconds is never silent
_GONE: Final = 400
# Shops refuse programs; these answers show that the page exists.
_SHY: Final = frozenset({401, 403, 405, 406, 429, 503, 999})

# RFC 6052 and 8215: what a NAT64 turns into IPv4, private addresses as well; RFC 4291 2.5.5.1: IPv4-compatible.
_TRANSLATED: Final = tuple(map(IPv6Network, ("64:ff9b::/96", "64:ff9b:1::/48", "::/96")))

Allowed = Callable[[str], bool]
"""Whether an IP address may be asked."""
Connect = Callable[[str, int], socket.socket]
"""A connection to a host's port."""


class _InternalError(OSError):
    """The name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """A public address: not this machine, a private network or a group, nor a way of IPv6 to one of those."""
    ip = ip_address(address.partition("%")[0])
    if isinstance(ip, IPv6Address):
        if inner := _within(ip):
            return is_public(str(inner))
        if ip.is_site_local or ip.is_reserved:
            return False
    return ip.is_global and not ip.is_multicast


def _within(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that a translator or a tunnel makes of this one."""
    last = IPv4Address(int(ip) & 0xFFFF_FFFF)
    return ip.ipv4_mapped or ip.sixtofour or (last if any(ip in network for network in _TRANSLATED) else None)


def probe_links(urls: Iterable[str], allowed: Allowed = is_public, *, most_s: float = _MOST_S) -> dict[str, str]:
    """Errors of broken links, by URL. Working links are absent. No link takes longer than `most_s`."""
    wanted = [url for url in dict.fromkeys(urls) if url.startswith(("http://", "https://")) and "{{" not in url]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(wanted, pool.map(partial(_within_time, allowed, most_s), wanted), strict=True)
        return {url: problem for url, problem in found if problem}


def _within_time(allowed: Allowed, most_s: float, url: str) -> str:
    """The problem of one link."""
    with _Deadline(allowed, most_s) as deadline:
        problem = _problem(_opener(deadline.connect), url)
        return f"does not answer within {most_s:g} s" if deadline.over else problem


class _Deadline:
    """Cuts the connections of one link when its time is over."""

    def __init__(self, allowed: Allowed, most_s: float) -> None:
        self._allowed = allowed
        self._timer = threading.Timer(most_s, self._cut)
        self._lock = threading.Lock()
        self.over = False
        self._opened: list[socket.socket] = []

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._timer.cancel()
        self._cut()
        for each in self._opened:
            each.close()

    def connect(self, host: str, port: int) -> socket.socket:
        """A connection that ends with the time."""
        made = _connected(host, port, self._allowed)
        with self._lock:
            if self.over:
                made.close()
                raise TimeoutError("it takes too long")
            self._opened.append(made.dup())  # TLS takes the other one away
        return made

    def _cut(self) -> None:
        with self._lock:
            self.over = True
            for each in self._opened:
                with suppress(OSError):  # the other side was faster
                    each.shutdown(socket.SHUT_RDWR)


def _problem(opener: urllib.request.OpenerDirector, url: str) -> str:
    request = urllib.request.Request(url, headers={"User-Agent": "Mozilla/5.0 (Postlude link check)"})  # noqa: S310 - http only, see above
    try:
        with opener.open(request, timeout=_TIMEOUT_S):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            if error.code < _GONE and error.headers.get("location"):
                return "is redirected for ever"
            return "" if error.code < _GONE or error.code in _SHY else f"answers {error.code} {error.reason}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", None) or error
        return f"cannot be reached: {reason}"


def _opener(connect: Connect) -> urllib.request.OpenerDirector:
    """HTTP and HTTPS, directly, redirects followed; no files, no FTP, no proxy that would look up names by itself."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Http(connect),
        _Https(connect),
        _Redirects(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
    ):
        opener.add_handler(handler)
    return opener


class _Redirects(urllib.request.HTTPRedirectHandler):
    def http_error_302(self, req: urllib.request.Request, fp: Any, code: int, msg: str, headers: Any) -> Any:  # noqa: ANN401 - as the class it extends
        """Follow a redirect to another web page."""
        where = urljoin(req.full_url, headers.get("location") or "")
        if urlsplit(where).scheme not in {"http", "https"}:
            fp.close()
            raise _InternalError(f"it is redirected to {where[:100]}, which is not a web page")
        return super().http_error_302(req, fp, code, msg, headers)

    http_error_301 = http_error_303 = http_error_307 = http_error_308 = http_error_302


class _Http(urllib.request.AbstractHTTPHandler):
    http_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by the opener for http:."""
        return self.do_open(partial(_Connection, self._connect), request)


class _Https(urllib.request.AbstractHTTPHandler):
    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, connect: Connect) -> None:
        super().__init__()
        self._connect = connect
        self._tls = ssl.create_default_context()

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by the opener for https:."""
        return self.do_open(partial(_TlsConnection, self._connect, self._tls), request)


class _Connection(http.client.HTTPConnection):
    def __init__(self, connect: Connect, host: str, **given: Any) -> None:  # noqa: ANN401 - as the class it extends
        super().__init__(host, **given)
        self._connect = connect

    def connect(self) -> None:
        """To the first address of the name that may be asked and answers."""
        self.sock = self._connect(self.host, self.port)


class _TlsConnection(_Connection):
    default_port = http.client.HTTPS_PORT

    def __init__(self, connect: Connect, tls: ssl.SSLContext, host: str, **given: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(connect, host, **given)
        self._tls = tls

    def connect(self) -> None:
        """As without TLS, then the handshake for the name."""
        super().connect()
        self.sock = self._tls.wrap_socket(self.sock, server_hostname=self.host)


def _connected(host: str, port: int, allowed: Allowed) -> socket.socket:
    problem: OSError = _InternalError("its name has no address")
    for family, kind, protocol, _, address in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM):
        if not allowed(str(address[0])):
            problem = _InternalError(f"{host} is {address[0]}, which cannot be reached from outside your network")
            continue
        made = socket.socket(family, kind, protocol)
        try:
            made.settimeout(_TIMEOUT_S)
            made.connect(address)
        except OSError as error:
            made.close()
            problem = error
            continue
        return made
    raise problem
