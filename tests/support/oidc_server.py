"""A small OpenID Connect provider on loopback: real HTTP, real keys, PKCE checked. Tests say who is signed in there."""

import hmac
import json
import threading
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey

CLIENT, SECRET = "postlude", "a secret: with %"


class OidcServer:
    """What it says about who is signed in can be changed by a test."""

    def __init__(self) -> None:
        self.person: dict[str, Any] = {"sub": "7", "email": "bob@example.org", "email_verified": True, "name": "Bob"}
        self.claims: dict[str, Any] = {}
        """Replace claims of the token; None takes one away."""
        self.algorithm = "RS256"
        self.asked: list[str] = []
        self.codes: dict[str, dict[str, str]] = {}
        self.rotate()
        self.issuer = ""

    def rotate(self) -> None:
        """Sign with another key from now on."""
        self.key = RSAKey.generate_key(2048, parameters={"kid": f"key-{time.monotonic_ns()}", "use": "sig"})

    def sign_in(self, url: str) -> str:
        """What the provider does with a person at `url`: the URL the browser is sent back to."""
        query = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
        assert query["code_challenge_method"] == "S256"
        code = f"code-{len(self.codes)}"
        self.codes[code] = query
        answer = {"code": code, "state": query["state"], "iss": self.issuer}
        return f"{query['redirect_uri']}?{urlencode(answer)}"

    def token(self, form: dict[str, str]) -> tuple[int, dict[str, Any]]:
        """The answer of the token endpoint."""
        begun = self.codes.pop(form.get("code", ""), None)
        challenge = urlsafe_b64encode(sha256(form.get("code_verifier", "").encode()).digest()).rstrip(b"=").decode()
        if begun is None or begun["code_challenge"] != challenge or begun["redirect_uri"] != form["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        now = int(time.time())
        claims = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": begun["nonce"]}
        claims |= self.person | self.claims
        told = {name: value for name, value in claims.items() if value is not None}
        return 200, {"token_type": "Bearer", "access_token": "x", "id_token": self._signed(told)}

    def _signed(self, claims: dict[str, Any]) -> str:
        if self.algorithm == "HS256":  # the public key, taken for a shared secret
            signed = _joined({"alg": "HS256", "kid": self.key.kid}, claims)
            mac = hmac.digest(self.key.as_pem(private=False), signed.encode(), "sha256")
            return f"{signed}.{_text(mac)}"
        if self.algorithm == "none":
            return _joined({"alg": "none"}, claims) + "."
        return jwt.encode({"alg": self.algorithm, "kid": self.key.kid}, claims, self.key)

    def answer(self, path: str, form: dict[str, str], login: str) -> tuple[int, Any]:
        """What is served."""
        self.asked.append(path)
        if path == "/.well-known/openid-configuration":
            names = ("authorization_endpoint", "token_endpoint", "jwks_uri")
            return 200, {"issuer": self.issuer, **{name: f"{self.issuer}/{name}" for name in names}}
        if path == "/jwks_uri":
            return 200, KeySet([self.key]).as_dict(private=False)
        if path == "/token_endpoint":
            return self.token(form) if login == f"{CLIENT}:a%20secret%3A%20with%20%25" else (401, {})
        return 404, {}

    @contextmanager
    def running(self) -> Iterator["OidcServer"]:
        """Serve, at `issuer`."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._send(*provider.answer(self.path, {}, ""))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                login = b64decode(self.headers.get("authorization", "").partition(" ")[2]).decode()
                self._send(*provider.answer(self.path, form, login))

            def _send(self, status: int, answer: Any) -> None:
                body = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            thread.join()
            server.server_close()


def _joined(*parts: dict[str, Any]) -> str:
    return ".".join(_text(json.dumps(one).encode()) for one in parts)


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
