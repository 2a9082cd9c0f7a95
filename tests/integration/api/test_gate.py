"""What is asked before a body is read: its size, and how often the key was used."""

from http import HTTPStatus
from typing import Any

from postlude.api.app import api_routes
from postlude.api.declared import declared
from postlude.api.gate import CALLS

from .conftest import CLOCK, ApiWorld


def test_a_body_is_refused_before_it_is_read(world: ApiWorld) -> None:
    client = world.client()
    for route in api_routes():
        method, most = next(iter(route.methods or ())), declared(route).most
        answer = client.request(method, route.path, headers={"Content-Length": str(most + 1)}, content=iter([b"x"]))
        assert answer.json()["code"] == "body_too_large", route.path
        assert answer.headers["connection"] == "close"


def test_a_body_of_unknown_length_is_refused_as_it_comes(world: ApiWorld) -> None:
    piece = b"x" * (1 << 20)
    answer = world.client().post("/v1/messages", content=(piece for _ in range(40)))
    assert answer.json()["code"] == "body_too_large"


def test_too_many_calls_with_one_key(world: ApiWorld) -> None:
    client = world.client()
    gate: Any = client.app
    key = world.deps.store.api_keys.of_user(world.alice.id)[0].id
    for _ in range(CALLS):
        gate._calls.take(key, CLOCK.now())
    answer = client.get("/v1/messages")
    assert answer.json()["code"] == "rate_limited"
    assert int(answer.headers["retry-after"]) > 0
    assert world.client(user=world.charlie).get("/v1/messages").status_code == HTTPStatus.OK


def test_every_answer_has_the_headers(world: ApiWorld) -> None:
    answer = world.client().get("/v1/messages")
    for name in ("X-Request-Id", "RateLimit-Policy", "Content-Security-Policy", "X-Content-Type-Options"):
        assert answer.headers[name]
    assert answer.headers["Cache-Control"] == "no-store"


def test_other_methods_are_told_which_there_are(world: ApiWorld) -> None:
    assert world.client().delete("/v1/messages").headers["Allow"] == "GET, POST"
    assert world.client().head("/v1/events").headers["Allow"] == "GET"
