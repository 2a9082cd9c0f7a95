import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest

from postlude.model.listen_address import ListenAddress
from postlude.services.ports import Outgoing
from postlude.tokens import TagPurpose
from servers.starts import Started

if TYPE_CHECKING:
    from support.web_world import World

HTML = (
    b"From: Alice <alice@example.org>\r\nTo: bob@example.net\r\nSubject: =?utf-8?q?Caf=C3=A9?=\r\n"
    b"Message-ID: <m1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/html; charset=iso-8859-1\r\n"
    b"List-Unsubscribe: <mailto:u@example.org>,\r\n <%s/u/token>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"\r\n<!doctype html><p>caf\xe9</p><script>parent.pwned=1</script>"
)
TEXT = b"From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Plain\r\n\r\n1 < 2, see https://example.com/a.\r\n"


async def delivered(world: "World", raw: bytes, copy: int = 7) -> str:
    tag = world.deps.codec.mint_tag(TagPurpose.BOUNCE, copy)
    answer = await world.outbox.send(Outgoing(f"bounce+{tag}@postlude.localhost", "bob@example.net", raw), Started())
    return answer.remote_id


async def test_the_frame_is_sandboxed_twice_and_keeps_the_charset(world: "World") -> None:
    mail = await delivered(world, HTML)
    client = world.client(world.alice)
    page = client.get(f"/mailbox/{mail}").text
    frame = page.partition("<iframe")[2].partition(">")[0]
    assert 'sandbox="allow-popups allow-popups-to-escape-sandbox"' in frame
    body = client.get(f"/mailbox/{mail}/body")
    policy_text = body.headers["content-security-policy"]
    assert policy_text.startswith("sandbox allow-popups allow-popups-to-escape-sandbox;")
    assert "script" not in policy_text
    assert "<p>café</p>" in body.text
    assert body.text.startswith('<!doctype html><base target="_blank">')
    assert "Café" in page


async def test_a_text_mail_is_text_with_live_links(world: "World") -> None:
    body = world.client(world.alice).get(f"/mailbox/{await delivered(world, TEXT)}/body").text
    assert '1 &lt; 2, see <a href="https://example.com/a">https://example.com/a</a>.' in body


async def test_the_source_is_the_bytes(world: "World") -> None:
    answer = world.client(world.alice).get(f"/mailbox/{await delivered(world, HTML)}/source")
    assert answer.content == HTML
    assert answer.headers["content-type"].startswith("text/plain")


async def act(world: "World", csrf: Any, raw: bytes, action: str) -> Any:
    mail = await delivered(world, raw)
    client = world.client(world.alice)
    return client.post(f"/mailbox/{mail}/{action}", data={"csrf": csrf(client, "/mailbox")})


@pytest.mark.parametrize(
    ("action", "kind", "sender"),
    [
        ("bounce", "multipart/report", "<>"),
        ("spam", "multipart/report", "feedback@mx.postlude.localhost"),
        ("out-of-office", "text/plain", "<>"),
        ("reply", "multipart/alternative", "bob@example.net"),
    ],
)
# `<>`: how the sink spells the null reverse-path
async def test_each_action_sends_the_real_thing(world: "World", csrf: Any, action: str, kind: str, sender: str) -> None:
    answer = await act(world, csrf, TEXT, action)
    assert answer.status_code == 200
    assert "250" in answer.text
    (mail,) = world.inbox.mails
    tag = world.deps.codec.mint_tag(TagPurpose.BOUNCE, 7)
    expected = "alice@example.org" if action == "reply" else f"bounce+{tag}@postlude.localhost"
    assert (mail.mail_from or "") == sender
    assert mail.rcpt_tos == [expected]
    parsed = message_from_bytes(mail.content, policy=policy.default)
    assert parsed.get_content_type() == kind
    if action == "bounce":
        assert parsed.get_param("report-type") == "delivery-status"
        assert b"Status: 5.1.1" in mail.content
    if action == "spam":
        assert b"Feedback-Type: abuse" in mail.content


async def test_an_inbound_server_that_is_down_is_reported(world: "World", csrf: Any) -> None:
    answer = await act(world.with_deps(inbound=ListenAddress("127.0.0.1", 1)), csrf, TEXT, "bounce")
    assert answer.status_code == 502
    assert "inbound server" in answer.text


async def test_an_unknown_action_is_not_found(world: "World", csrf: Any) -> None:
    assert (await act(world, csrf, TEXT, "burn")).status_code == 404


class _Edge(BaseHTTPRequestHandler):
    posts: list[tuple[str, bytes, str]]

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.posts.append((self.path, body, self.headers["Content-Type"]))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def edge() -> Iterator[tuple[str, list[tuple[str, bytes, str]]]]:
    posts: list[tuple[str, bytes, str]] = []
    server = HTTPServer(("127.0.0.1", 0), type("Edge", (_Edge,), {"posts": posts}))
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", posts
    server.shutdown()
    thread.join()
    server.server_close()


async def test_unsubscribing_is_one_post(world: "World", csrf: Any, edge: Any) -> None:
    url, posts = edge
    raw = HTML.replace(b"%s", url.encode())
    answer = await act(world.with_deps(edge_url=url), csrf, raw, "unsubscribe")
    assert answer.status_code == 200
    assert posts == [("/u/token", b"List-Unsubscribe=One-Click", "application/x-www-form-urlencoded")]


@pytest.mark.parametrize("raw", [TEXT, HTML.replace(b"%s", b"http://elsewhere.example")])
async def test_it_posts_to_no_other_host(world: "World", csrf: Any, edge: Any, raw: bytes) -> None:
    url, posts = edge
    answer = await act(world.with_deps(edge_url=url), csrf, raw, "unsubscribe")
    assert answer.status_code == 400
    assert posts == []
