"""Asking whether links lead anywhere: one GET each, a few at once, nothing kept.

Whoever writes a mailing says where the request goes, and where a redirect goes is said by a stranger. So only public
addresses are asked, at every step and at the moment of connecting: no router, no database, nothing of this machine.
"""

import http.client
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from ipaddress import ip_address
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

_AT_ONCE: Final = 8
_TIMEOUT_S: Final = 10.0
_GONE: Final = 400
# Shops refuse programs; these answers show that the page exists.
_SHY: Final = frozenset({401, 403, 405, 406, 429, 503, 999})

Allowed = Callable[[str], bool]
"""Whether an IP address may be asked."""


class _InternalError(OSError):
    """The name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """A public address: not this machine, a private network or a group."""
    ip = ip_address(address.partition("%")[0])
    mapped = getattr(ip, "ipv4_mapped", None) or getattr(ip, "sixtofour", None)
    return ip.is_global and not ip.is_multicast and (mapped is None or mapped.is_global)


def probe_links(urls: Iterable[str], allowed: Allowed = is_public) -> dict[str, str]:
    """Errors of broken links, by URL. Working links are absent."""
    wanted = [url for url in dict.fromkeys(urls) if url.startswith(("http://", "https://")) and "{{" not in url]
    opener = _opener(allowed)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        found = zip(wanted, pool.map(partial(_problem, opener), wanted), strict=True)
        return {url: problem for url, problem in found if problem}


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


def _opener(allowed: Allowed) -> urllib.request.OpenerDirector:
    """HTTP and HTTPS, directly, redirects followed; no files, no FTP, no proxy that would look up names by itself."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        _Http(allowed),
        _Https(allowed),
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

    def __init__(self, allowed: Allowed) -> None:
        super().__init__()
        self._allowed = allowed

    def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by the opener for http:."""
        return self.do_open(partial(_Connection, self._allowed), request)


class _Https(urllib.request.AbstractHTTPHandler):
    https_request = urllib.request.AbstractHTTPHandler.do_request_

    def __init__(self, allowed: Allowed) -> None:
        super().__init__()
        self._allowed = allowed
        self._tls = ssl.create_default_context()

    def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
        """Called by the opener for https:."""
        return self.do_open(partial(_TlsConnection, self._allowed, self._tls), request)


class _Connection(http.client.HTTPConnection):
    def __init__(self, allowed: Allowed, host: str, **given: Any) -> None:  # noqa: ANN401 - as the class it extends
        super().__init__(host, **given)
        self._allowed = allowed

    def connect(self) -> None:
        """To the first address of the name that may be asked and answers."""
        self.sock = _connected(self.host, self.port, self._allowed)


class _TlsConnection(_Connection):
    default_port = http.client.HTTPS_PORT

    def __init__(self, allowed: Allowed, tls: ssl.SSLContext, host: str, **given: Any) -> None:  # noqa: ANN401 - as above
        super().__init__(allowed, host, **given)
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
