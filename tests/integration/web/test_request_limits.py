"""What a request may cost, for every route there is: a new one is covered without a line here."""

import asyncio
import gc
import re

import pytest
from fastapi.routing import APIRoute
from starlette.testclient import TestClient
from starlette.types import Message

from postlude.model.role import Role
from postlude.web import create_app, request_limits
from postlude.web.app import routes_of
from postlude.web.request_limits import RouteLimit, rule_of
from support.present import present
from support.web_world import World, csrf_of

GIGABYTE = 1 << 30


def rules(world: World) -> list[tuple[APIRoute, RouteLimit]]:
    return [(route, rule_of(route)) for route in routes_of(world.deps) if isinstance(route, APIRoute)]


def path_of(route: APIRoute) -> str:
    return re.sub(r"\{[^}]*\}", "0" * 15 + "1", route.path)


class Upload:
    """A client that sends a body for as long as it is read."""

    def __init__(self, size: int, piece: int = 65_536) -> None:
        self.read = 0
        self._size = size
        self._piece = piece

    async def __call__(self) -> dict[str, object]:
        self.read += self._piece
        return {"type": "http.request", "body": bytes(self._piece), "more_body": self.read < self._size}


async def ask(
    world: World, method: str, path: str, body: Upload, headers: list[tuple[bytes, bytes]]
) -> tuple[int, dict[str, str], str]:
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": method,
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1"), *headers],
        "client": ("127.0.0.2", 1),
        "server": ("127.0.0.1", 80),
        "state": {},
    }
    await create_app(world.deps)(scope, body, send)
    start = next(message for message in sent if message["type"] == "http.response.start")
    text = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return start["status"], {name.decode().lower(): value.decode() for name, value in start["headers"]}, text.decode()


def cookie(world: World) -> tuple[bytes, bytes]:
    store = world.deps.store
    store.accounts.set_role(world.alice.id, Role.OWNER)  # who may everything
    client = world.client(world.alice)
    return b"cookie", "; ".join(f"{name}={value}" for name, value in client.cookies.items()).encode()


LENGTH = [(b"content-length", str(GIGABYTE).encode())]
CHUNKED = [(b"transfer-encoding", b"chunked")]
FORM = [(b"content-type", b"application/x-www-form-urlencoded")]
FILES = [(b"content-type", b"multipart/form-data; boundary=b")]


@pytest.mark.parametrize("length", [LENGTH, CHUNKED], ids=["a declared length", "chunks"])
@pytest.mark.parametrize("kind", [FORM, FILES], ids=["a form", "files"])
async def test_nobody_without_a_session_gets_a_byte_of_a_body_read(
    world: World, length: list[tuple[bytes, bytes]], kind: list[tuple[bytes, bytes]]
) -> None:
    for route, rule in rules(world):
        if not rule.signed_in:
            continue
        for method in present(route.methods):
            upload = Upload(GIGABYTE)
            status, headers, _ = await ask(world, method, path_of(route), upload, [*length, *kind])
            assert status in {303, 401}, route.path
            assert headers["connection"] == "close", route.path
            assert upload.read == 0, route.path


async def test_an_expired_session_with_a_usual_form_keeps_its_connection(world: World) -> None:
    upload = Upload(1000)
    status, headers, _ = await ask(world, "POST", "/compose", upload, [(b"content-length", b"1000"), *FORM])
    assert status == 303
    assert "connection" not in headers


async def test_a_forged_session_is_none(world: World) -> None:
    upload = Upload(GIGABYTE)
    forged = [(b"cookie", b"postlude=WzEsImEiXQ.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb")]
    assert (await ask(world, "POST", "/compose", upload, [*LENGTH, *forged]))[0] == 303
    assert upload.read == 0


def test_only_routes_for_users_take_more_than_a_few_lines(world: World) -> None:
    open_to_all = [(route, rule) for route, rule in rules(world) if not rule.signed_in and route.body_field is not None]
    assert [route.path for route, rule in open_to_all if rule.most > request_limits.TINY_FORM] == []


async def test_every_route_refuses_more_than_it_takes_before_it_is_kept(world: World) -> None:
    session = cookie(world)
    for route, rule in rules(world):
        if route.body_field is None and "POST" not in present(route.methods):
            continue
        upload = Upload(GIGABYTE)
        status, _, text = await ask(world, "POST", path_of(route), upload, [*LENGTH, session])
        assert status == 413, route.path
        assert "Go back and send less" in text
        assert upload.read <= 5 * rule.most + 65_536, route.path


@pytest.mark.parametrize("kind", [FORM, FILES], ids=["a form", "files"])
async def test_a_body_of_no_declared_length_is_counted(
    world: World, kind: list[tuple[bytes, bytes]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_limits, "SMALL_FORM", 100_000)
    session = cookie(world)
    for route, rule in rules(world):
        if route.body_field is None or rule.most > 1 << 20:
            continue
        upload = Upload(GIGABYTE)
        status, _, _ = await ask(world, "POST", path_of(route), upload, [*CHUNKED, *kind, session])
        assert status in {400, 413}, route.path
        assert upload.read <= rule.most + 65_536, route.path


@pytest.fixture
def csrf(world: World) -> tuple[TestClient, str]:
    client = world.client(world.alice)
    return client, csrf_of(client.get("/compose").text)


def test_a_long_mail_is_still_taken(world: World, csrf: tuple[TestClient, str]) -> None:
    client, token = csrf
    form = {
        "csrf": token,
        "sender": "alice@example.org",
        "to": "bob@example.com",
        "subject": "x",
        "body": "a" * 900_000,
        "form": "text",
    }
    assert client.post("/compose", data=form, follow_redirects=False).status_code == 303
    assert world.submitted


async def test_what_a_large_form_leaves_behind_is_collected(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    collected: list[int] = []
    monkeypatch.setattr(request_limits, "_COLLECT_AFTER_S", 0.01)
    monkeypatch.setattr(request_limits, "_COLLECT_FROM", 100_000)
    monkeypatch.setattr(gc, "collect", lambda: collected.append(1))
    headers = [(b"content-length", b"655360"), *FORM, cookie(world)]
    await ask(world, "POST", "/compose", Upload(655_360), headers)
    await asyncio.sleep(0.1)
    assert collected == [1]


def test_a_path_with_a_slash_too_many_redirects_nowhere(world: World) -> None:
    client = world.client(world.alice)
    answer = client.get("/contacts/", headers={"Host": "evil.example"}, follow_redirects=False)
    assert answer.status_code == 404
