"""One GET over HTTPS, for the few addresses we fetch ourselves."""

import ssl
from http.client import HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from postlude.model.errors import TransportError

_TIMEOUT_S: Final = 15
_OK: Final = 200


def https_get(url: str, max_bytes: int = 65_536) -> bytes:
    """The body of a 200; TransportError for everything else. Redirects are not followed, certificates are checked."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname:
        raise TransportError(f"{url} is not an https address")
    connection = HTTPSConnection(
        parts.hostname, parts.port or 443, timeout=_TIMEOUT_S, context=ssl.create_default_context()
    )
    try:
        connection.request("GET", f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/")
        answer = connection.getresponse()
        body = answer.read(max_bytes + 1)
    except (HTTPException, OSError) as error:
        raise TransportError(f"{parts.hostname} did not answer: {error}") from error
    finally:
        connection.close()
    if answer.status != _OK or len(body) > max_bytes:
        raise TransportError(f"{parts.hostname} answered {answer.status} with {len(body)} bytes")
    return body
