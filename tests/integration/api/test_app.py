"""Every route of the API: its key, its scope, its size, and errors as problems. Generated from the routes."""

import re
from http import HTTPStatus
from typing import Any

import pytest

from postlude.api.app import api_routes
from postlude.api.declared import Declared, declared
from postlude.api.problems import KINDS, ProblemCode
from postlude.model.api_scope import ApiScope
from postlude.model.errors import StorageError

from .conftest import ApiWorld


def _routes() -> list[tuple[str, str, Declared]]:
    return [
        (method, re.sub(r"\{[^}]*\}", "0" * 15 + "1", route.path), declared(route))
        for route in api_routes()
        for method in sorted(route.methods or ())
    ]


def _code(answer: Any) -> str:
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    told: dict[str, Any] = answer.json()
    kind = KINDS[ProblemCode(told["code"])]
    assert told["status"] == answer.status_code == kind.status
    assert told["hint"] == kind.hint
    assert told["type"] == told["docs"] == f"https://mail.example.org/v1/problems/{told['code']}"
    assert told["request_id"] == answer.headers["x-request-id"]
    return str(told["code"])


def test_without_a_key_only_the_description_answers(world: ApiWorld) -> None:
    client = world.nameless()
    for method, path, rule in _routes():
        answer = client.request(method, path, content=b"{" if method == "POST" else None)
        if rule.scope is None:
            assert answer.status_code != HTTPStatus.UNAUTHORIZED
        else:
            assert _code(answer) == "key_missing"
            assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", ApiScope)
def test_a_key_does_what_its_scopes_say(world: ApiWorld, scope: ApiScope) -> None:
    client = world.client(scope)
    for method, path, rule in _routes():
        answer = client.request(method, path)
        denied = answer.status_code == HTTPStatus.FORBIDDEN and _code(answer) == "scope_missing"
        assert denied is (rule.scope not in {None, scope}), path


@pytest.mark.parametrize("header", ["", "Basic YTpi", "Bearer", "Bearer postlude_a", "Bearer x\u00e9", "Bearer "])
def test_what_is_no_key_is_told_so(world: ApiWorld, header: str) -> None:
    answer = world.nameless({"Authorization": header.encode("latin-1")}).get("/v1/events")  # type: ignore[dict-item]
    assert _code(answer) in {"key_missing", "key_invalid"}


@pytest.mark.parametrize(
    ("method", "path", "code"),
    [
        ("GET", "/v1/nothing", "not_found"),
        ("DELETE", "/v1/messages", "method_not_allowed"),
        ("GET", "/v1/messages/zz", "not_found"),
        ("GET", "/v1/messages/0000000000000001", "not_found"),
        ("GET", "/v1/events?limit=0", "parameter_invalid"),
        ("GET", "/v1/events?limit=abc", "parameter_invalid"),
        ("GET", "/v1/events?type=exploded", "parameter_invalid"),
        ("GET", "/v1/events?campaign=1", "parameter_invalid"),
        ("GET", "/v1/events?colour=red", "parameter_unknown"),
        ("GET", "/v1/messages?colour=red", "parameter_unknown"),
        ("GET", "/v1/events?after=x", "cursor_invalid"),
        ("GET", "/v1/problems/nothing", "not_found"),
    ],
)
def test_what_is_wrong_has_a_code(world: ApiWorld, method: str, path: str, code: str) -> None:
    assert _code(world.client().request(method, path)) == code


def test_a_store_that_is_away_is_told_with_when_to_come_back(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client()

    def away(*_args: object) -> None:
        raise StorageError("the database is away")

    monkeypatch.setattr(world.deps.store.messages, "page", away)
    answer = client.get("/v1/messages")
    assert _code(answer) == "unavailable"
    assert answer.headers["retry-after"] == "5"


def test_a_fault_tells_nothing_of_its_inside(world: ApiWorld, monkeypatch: pytest.MonkeyPatch) -> None:
    client = world.client()

    def broken(*_args: object) -> None:
        raise RuntimeError("secret path /var/lib")

    monkeypatch.setattr(world.deps.store.messages, "page", broken)
    answer = client.get("/v1/messages")
    assert _code(answer) == "internal"
    assert "secret" not in answer.text
