"""Sign-in at an OpenID Connect provider: the code flow with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1).

Redirects of the provider's own addresses are not followed, and what it sends is bounded.
"""

import json
import secrets
import ssl
import threading
from base64 import b64encode, urlsafe_b64encode
from hashlib import sha256
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from postlude.kit.clock import MICROS_PER_SECOND, Clock
from postlude.model.errors import NotPermittedError, TransportError
from postlude.model.proven_person import ProvenPerson, SignInRequest

_TIMEOUT_S: Final = 15
_MOST_BYTES: Final = 1 << 18
_OK: Final = 200
_KEEP_S: Final = 3600
_KEYS_ANEW_S: Final = 60  # a key that is not known: the provider may have rotated
_LEEWAY_S: Final = 60
# Signatures of key pairs only: with a shared secret, or none, the token would prove nothing more than the code.
_ALGORITHMS: Final = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
_SCOPE: Final = "openid email profile"


class OidcProvider:
    """One provider, found by its issuer. Thread-safe."""

    def __init__(self, issuer: str, client: str, secret: str, callback: str, clock: Clock) -> None:
        """`callback` is our own URL, registered with the provider."""
        self._issuer: Final = issuer.rstrip("/")
        self._client, self._secret, self._callback = client, secret, callback
        self._clock: Final = clock
        self._lock: Final = threading.Lock()
        self._about: dict[str, Any] = {}
        self._keys: KeySet | None = None
        self._read_at = self._keys_at = 0.0

    def begin(self) -> SignInRequest:
        """A new sign-in; TransportError when the provider cannot be asked."""
        about = self._provider()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        challenge = urlsafe_b64encode(sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        query = {
            "response_type": "code",
            "client_id": self._client,
            "redirect_uri": self._callback,
            "scope": _SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        where = str(about["authorization_endpoint"])
        return SignInRequest(f"{where}{'&' if '?' in where else '?'}{urlencode(query)}", state, nonce, verifier)

    def finish(self, code: str, issuer: str, request: SignInRequest) -> ProvenPerson:
        """Who signed in. `issuer` as the answer names it, empty when it does not (RFC 9207).

        NotPermittedError for what the provider refuses or does not prove, TransportError.
        """
        about = self._provider()
        if issuer and issuer != about["issuer"]:
            raise NotPermittedError("The answer came from another provider. Begin signing in again.")
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": self._callback}
        form |= {"code_verifier": request.verifier, "client_id": self._client}
        status, answer = self._ask(str(about["token_endpoint"]), form)
        if status != _OK or not isinstance(answer.get("id_token"), str):
            raise NotPermittedError("The provider refused the sign-in. Begin again.")
        claims = self._claims(answer["id_token"], str(about["issuer"]), request.nonce)
        address = claims.get("email")
        verified = claims.get("email_verified") is True or claims.get("email_verified") == "true"
        name = claims.get("name")
        return ProvenPerson(
            str(about["issuer"]),
            str(claims["sub"]),
            address if isinstance(address, str) else "",
            verified,
            name if isinstance(name, str) else "",
        )

    def _claims(self, token: str, issuer: str, nonce: str) -> dict[str, Any]:
        rules = jwt.JWTClaimsRegistry(
            now=lambda: self._clock.now() // MICROS_PER_SECOND,
            leeway=_LEEWAY_S,
            iss={"essential": True, "value": issuer},
            aud={"essential": True, "value": self._client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        try:
            claims = self._verified(token)
            rules.validate(claims)
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise NotPermittedError(f"What the provider sent does not prove who you are ({error}).") from error
        audience = claims["aud"]
        if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != self._client:
            raise NotPermittedError("What the provider sent is meant for another program.")
        return claims

    def _verified(self, token: str) -> dict[str, Any]:
        try:
            return jwt.decode(token, self._key_set(anew=False), algorithms=_ALGORITHMS).claims
        except (JoseError, ValueError):
            return jwt.decode(token, self._key_set(anew=True), algorithms=_ALGORITHMS).claims

    def _provider(self) -> dict[str, Any]:
        """What the provider says about itself, read once an hour (OpenID Connect Discovery 1.0)."""
        with self._lock:
            now = self._clock.now() / MICROS_PER_SECOND
            if not self._about or not 0 <= now - self._read_at < _KEEP_S:
                status, about = self._ask(f"{self._issuer}/.well-known/openid-configuration")
                wanted = ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
                if status != _OK or any(not isinstance(about.get(name), str) for name in wanted):
                    raise TransportError(f"{self._issuer} does not say how to sign in there ({status})")
                if about["issuer"].rstrip("/") != self._issuer:
                    raise TransportError(f"{self._issuer} calls itself {about['issuer']}: correct POSTLUDE_OIDC_ISSUER")
                self._about, self._read_at, self._keys = about, now, None
            return self._about

    def _key_set(self, *, anew: bool) -> KeySet:
        with self._lock:
            now = self._clock.now() / MICROS_PER_SECOND
            if self._keys is None or (anew and not 0 <= now - self._keys_at < _KEYS_ANEW_S):
                _, found = self._ask(str(self._about["jwks_uri"]))
                self._keys, self._keys_at = KeySet.import_key_set(found), now  # type: ignore[arg-type]
            return self._keys

    def _ask(self, url: str, form: dict[str, str] | None = None) -> tuple[int, dict[str, Any]]:
        parts = urlsplit(url)
        if parts.scheme == "http" and urlsplit(self._issuer).scheme == "http":
            connection = HTTPConnection(parts.netloc, timeout=_TIMEOUT_S)
        elif parts.scheme == "https":
            connection = HTTPSConnection(parts.netloc, timeout=_TIMEOUT_S, context=ssl.create_default_context())
        else:
            raise TransportError(f"{url} is not an https address")
        path = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        headers = {"Accept": "application/json"}
        if form is not None:
            headers |= {"Content-Type": "application/x-www-form-urlencoded"}
            if self._secret:
                login = f"{quote(self._client, safe='')}:{quote(self._secret, safe='')}"  # RFC 6749, section 2.3.1
                headers["Authorization"] = f"Basic {b64encode(login.encode()).decode()}"
        try:
            connection.request("GET" if form is None else "POST", path, urlencode(form) if form else None, headers)
            response = connection.getresponse()
            body = response.read(_MOST_BYTES + 1)
            answer = json.loads(body) if len(body) <= _MOST_BYTES else None
        except (HTTPException, OSError, ValueError, RecursionError) as error:
            raise TransportError(f"{parts.netloc} did not answer as a provider does: {error}") from error
        finally:
            connection.close()
        if not isinstance(answer, dict):
            raise TransportError(f"{parts.netloc} did not answer as a provider does")
        return response.status, answer
