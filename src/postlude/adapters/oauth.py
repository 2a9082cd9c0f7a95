"""OAuth 2.0 access tokens for XOAUTH2, fetched with a refresh token (RFC 6749 section 6)."""

import asyncio
import json
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from time import monotonic
from typing import Final
from urllib.parse import urlencode, urlsplit

from postlude.model.errors import TransportError

_TIMEOUT_S: Final = 20
_MARGIN_S: Final = 120.0  # a token is replaced this long before it ends
_SHORT_S: Final = 300.0
_OK: Final = 200


class OAuthToken:
    """One account's access token, fetched when it is needed. Call it: `await token(fresh)`."""

    def __init__(self, url: str, client: str, secret: str, refresh_token: str) -> None:
        self._url = url
        self._form = {
            "client_id": client,
            "client_secret": secret,
            "refresh_token": refresh_token,
            "grant_type": "refresh_token",
        }
        self._token = ""
        self._until = 0.0
        self._fetching = asyncio.Lock()

    async def __call__(self, fresh: bool) -> str:
        """The token; a new one when the old one expires soon or is refused (`fresh`).

        TransportError when the token server cannot be reached or refuses.
        """
        async with self._fetching:
            if fresh or not self._token or monotonic() > self._until:
                self._token, seconds = await asyncio.to_thread(self._fetch)
                self._until = monotonic() + max(seconds - _MARGIN_S, 0)
            return self._token

    def blocking(self, fresh: bool) -> str:
        """The same for the one thread that has this object to itself."""
        if fresh or not self._token or monotonic() > self._until:
            self._token, seconds = self._fetch()
            self._until = monotonic() + max(seconds - _MARGIN_S, 0)
        return self._token

    def _fetch(self) -> tuple[str, float]:
        parts = urlsplit(self._url)
        kind = HTTPConnection if parts.scheme == "http" else HTTPSConnection
        connection = kind(parts.netloc, timeout=_TIMEOUT_S)
        try:
            headers = {"Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST", parts.path or "/", urlencode(self._form), headers)
            response = connection.getresponse()
            body = response.read(1 << 16)
        except (HTTPException, OSError) as error:
            raise TransportError(f"no access token from {parts.netloc}: {error}") from error
        finally:
            connection.close()
        try:
            answer = json.loads(body)
            if response.status != _OK:
                reported = f"{answer.get('error', '')} {answer.get('error_description', '')}".strip()
                raise TransportError(
                    f"{parts.netloc} refused an access token ({response.status} {reported}): "
                    "grant access again and set the new oauth_refresh_token"
                )
            return str(answer["access_token"]), float(answer.get("expires_in", _SHORT_S))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise TransportError(f"{parts.netloc} answered {response.status} without an access token") from error
