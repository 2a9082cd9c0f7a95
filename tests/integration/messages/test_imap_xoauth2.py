"""XOAUTH2 at Debian's Dovecot, which asks a server of ours whether an access token is good."""

import json
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from postlude.adapters.imap import ImapConfig, try_folder
from postlude.adapters.oauth import OAuthToken
from postlude.model.errors import TransportError
from servers.dovecot import Dovecot
from servers.waiting import LOOPBACK

USER = "sender@sender.test"
pytestmark = [
    pytest.mark.postfix,
    pytest.mark.xdist_group("dovecot"),
    pytest.mark.skipif(
        os.getuid() != 0 or not shutil.which("dovecot"), reason="Dovecot wants root and to be installed"
    ),
]


class Issuer(ThreadingHTTPServer):
    """Gives an access token for the refresh token, and tells Dovecot whether one is good."""

    def __init__(self) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.given: list[str] = []
        self.good: set[str] = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Issuer

    def do_POST(self) -> None:
        form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        if form["refresh_token"] != ["refresh-1"]:
            self._answer(400, {"error": "invalid_grant", "error_description": "Token has been revoked"})
            return
        token = f"access-{len(self.server.given) + 1}"
        self.server.given.append(token)
        self.server.good.add(token)
        self._answer(200, {"access_token": token, "expires_in": 3600})

    def do_GET(self) -> None:
        token = parse_qs(urlsplit(self.path).query).get("access_token", [""])[0]
        good = token in self.server.good
        self._answer(200 if good else 401, {"email": USER, "active": "yes" if good else "no"})

    def _answer(self, status: int, body: dict[str, object]) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    server = Issuer()
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def dovecot(issuer: Issuer) -> Iterator[Dovecot]:
    home = Path(tempfile.mkdtemp(prefix="postlude-oauth-"))
    home.chmod(0o755)
    server = Dovecot(home, {USER: "secret"}, 0, f"{issuer.url}/tokeninfo?access_token=")
    server.ready()
    yield server
    server.stop()
    shutil.rmtree(home)


def config(dovecot: Dovecot, issuer: Issuer, refresh: str) -> ImapConfig:
    tokens = OAuthToken(f"{issuer.url}/token", "client", "client-secret", refresh)
    return ImapConfig(host=LOOPBACK, port=dovecot.imap_port, tls=False, user=USER, token=tokens.blocking)


def test_a_token_is_fetched_kept_and_fetched_anew_when_it_no_longer_works(dovecot: Dovecot, issuer: Issuer) -> None:
    account = config(dovecot, issuer, "refresh-1")
    try_folder(account)
    try_folder(account)
    assert issuer.given == ["access-1"]
    issuer.good.clear()
    try_folder(account)
    assert issuer.given == ["access-1", "access-2"]


def test_a_withdrawn_grant_says_what_to_do(dovecot: Dovecot, issuer: Issuer) -> None:
    with pytest.raises(TransportError, match="grant access again"):
        try_folder(config(dovecot, issuer, "refresh-2"))
