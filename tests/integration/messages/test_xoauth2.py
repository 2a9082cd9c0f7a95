"""Logging in to Google's kind of server with an access token, fetched from a real HTTP server."""

import base64
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest

from postlude.adapters.oauth import OAuthToken
from postlude.adapters.smtp_client.pool import SmtpConfig, SmtpTransport, TlsPolicy
from postlude.model.words import SendOutcome
from postlude.services.ports import Outgoing
from servers.difficult import Difficult
from servers.starts import Started

COPY = Outgoing("v@example.org", "bob@example.com", b"From: a@example.org\r\n\r\nbody\r\n")
OFFERS = "250-google\n250-AUTH LOGIN PLAIN XOAUTH2\n250 PIPELINING"


class Tokens:
    """Gives `token-1`, `token-2` ... to whoever has the refresh token."""

    def __init__(self) -> None:
        self.given = 0
        tokens = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                form = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
                good = form["refresh_token"] == ["refresh"] and form["grant_type"] == ["refresh_token"]
                tokens.given += good
                body = b'{"error":"invalid_grant"}'
                if good:
                    body = b'{"access_token":"token-%d","expires_in":3600}' % tokens.given
                self.send_response(200 if good else 400)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/token"


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    made = Tokens()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def way(port: int, token: OAuthToken) -> SmtpTransport:
    return SmtpTransport(
        SmtpConfig(
            host="127.0.0.1",
            port=port,
            tls=TlsPolicy.NONE,
            user="me@gmail.com",
            token=token,
            helo="us.test",
            messages_per_connection=1,
        )
    )


def logins(server: Difficult) -> list[str]:
    reported = [command.split()[2] for command in server.commands if command.startswith("AUTH XOAUTH2")]
    return [base64.b64decode(one).decode() for one in reported]


async def test_one_token_serves_many_connections(tokens: Tokens) -> None:
    async with Difficult(ehlo=OFFERS, auth="235 2.7.0 Accepted").running() as google:
        transport = way(google.port, OAuthToken(tokens.url, "client", "secret", "refresh"))
        for _ in range(2):
            assert (await transport.send(COPY, Started())).outcome is SendOutcome.ACCEPTED
        await transport.close()
    assert logins(google) == ["user=me@gmail.com\x01auth=Bearer token-1\x01\x01"] * 2


async def test_a_token_that_is_refused_is_replaced_once(tokens: Tokens) -> None:
    async with Difficult(ehlo=OFFERS, auth="535 5.7.8 Username and Password not accepted").running() as google:
        transport = way(google.port, OAuthToken(tokens.url, "client", "secret", "refresh"))
        answer = await transport.send(COPY, Started())
        await transport.close()
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.code == 535
    assert answer.phase == "auth"
    assert tokens.given == 2


async def test_access_that_was_withdrawn_says_what_to_do(tokens: Tokens) -> None:
    async with Difficult(ehlo=OFFERS).running() as google:
        transport = way(google.port, OAuthToken(tokens.url, "client", "secret", "old"))
        answer = await transport.send(COPY, Started())
        await transport.close()
    assert answer.outcome == SendOutcome.DEFERRED
    assert answer.phase == "auth"
    assert "invalid_grant" in answer.text
    assert "grant access again" in answer.text
