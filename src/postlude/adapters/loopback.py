"""Ways to our own servers, for what a sandbox recipient sends: SMTP to the inbound server, a POST to the edge."""

import asyncio
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import urlsplit

from aiosmtplib import SMTP, SMTPException

from postlude.model.errors import TransportError

_TIMEOUT_SECONDS: Final = 20


class InboundClient:
    """One connection a mail, in the clear: the server is on this machine."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port

    async def deliver(self, mail_from: str, rcpt_to: str, data: bytes) -> str:
        """Send one mail; returns the server's answer, or raises TransportError with it."""
        server = SMTP(hostname=self._host, port=self._port, timeout=_TIMEOUT_SECONDS, use_tls=False, start_tls=False)
        try:
            async with server:
                _, answer = await server.sendmail(mail_from, [rcpt_to], data)
        except (SMTPException, OSError) as error:
            raise TransportError(f"the inbound server {self._host}:{self._port} answered: {error}") from error
        return f"250 {answer}"


async def post_form(url: str, body: bytes) -> int:
    """POST a form and return the status; redirects are not followed. TransportError when there is no answer."""
    return await asyncio.to_thread(_post, url, body)


def _post(url: str, body: bytes) -> int:
    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    connection = kind(parts.netloc, timeout=_TIMEOUT_SECONDS)
    path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
    try:
        connection.request("POST", path, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return connection.getresponse().status
    except (HTTPException, OSError) as error:
        raise TransportError(f"the edge did not answer {url}: {error}") from error
    finally:
        connection.close()
