"""Every route and every role: what the route declares is what happens. Generated from the routes themselves."""

import re
from collections.abc import Iterator
from http import HTTPStatus
from typing import get_args

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from postlude.model.role import Permission, Role, permitted
from postlude.store import User
from postlude.web.app import routes_of
from postlude.web.permissions import READS, WRITES, UndeclaredRouteError, dependency_calls, permission_of
from postlude.web.request_limits import rule_of
from postlude.web.session import Posted, PostedLarge, SignedIn
from support.web_world import World, csrf_of

DENIED = "does not permit this. An owner can change it."
_ENDS_SESSIONS = ("/sign-", "/account", "/password")


def _routes(world: World) -> list[tuple[str, APIRoute]]:
    found = [route for route in routes_of(world.deps) if isinstance(route, APIRoute)]
    return [(method, route) for route in found for method in sorted(set(route.methods or ()) - {"HEAD"})]


def _call(client: TestClient, method: str, route: APIRoute, csrf: str) -> tuple[int, str]:
    path = re.sub(r"\{[^}]*\}", "0" * 15 + "1", route.path)
    data = {"csrf": csrf} if method == "POST" else None
    answer = client.request(method, path, data=data, follow_redirects=False)
    return answer.status_code, answer.text


def _users(world: World) -> dict[Role, User]:
    create = world.deps.store.accounts.create_user
    return {role: create(f"{role}@example.org", role.value, (), 5, role) for role in Role}


def test_every_route_declares_one_permission(world: World) -> None:
    declared = [permission_of(route) for _, route in _routes(world)]
    assert len(declared) > 80
    assert set(declared) == set(Permission)


@pytest.mark.parametrize("role", [None, *Role])
def test_every_route_does_as_it_declares(world: World, role: Role | None) -> None:
    users, client = _users(world), world.client()
    wrong, csrf = [], ""
    for method, route in _routes(world):
        if route.path == "/events":  # a stream that does not end by itself
            continue
        if role is not None and not csrf:
            client.get(f"/sign-in/{world.token(users[role])}", follow_redirects=False)
            csrf = csrf_of(client.get("/account").text)
        status, text = _call(client, method, route, csrf)
        if _outcome(status, text) != _declared(role, permission_of(route)):
            wrong.append((method, route.path, status, permission_of(route).value))
        if route.path.startswith(_ENDS_SESSIONS):
            csrf = ""
    assert wrong == []


def _outcome(status: int, text: str) -> str:
    return "denied" if status == HTTPStatus.FORBIDDEN and DENIED in text else "asked"


def _declared(role: Role | None, permission: Permission) -> str:
    return "asked" if role is None or permitted(role, permission) else "denied"


def test_without_a_session_only_open_routes_answer(world: World) -> None:
    client, wrong = world.client(), []
    for method, route in _routes(world):
        path = re.sub(r"\{[^}]*\}", "0" * 15 + "1", route.path)
        answer = client.request(method, path, follow_redirects=False)
        refused = answer.headers.get("location") == "/sign-in" or answer.status_code == HTTPStatus.UNAUTHORIZED
        if refused is (permission_of(route) is Permission.OPEN) and route.path != "/sign-in/code":
            wrong.append((method, route.path, answer.status_code))
    assert wrong == []


def test_a_form_of_who_may_not_is_not_read(world: World) -> None:
    users, client = _users(world), world.client()
    client.get(f"/sign-in/{world.token(users[Role.VIEWER])}", follow_redirects=False)
    read = []

    def body() -> Iterator[bytes]:
        for number in range(300):
            read.append(number)
            yield bytes(65_536)

    answer = client.post("/compose", content=body(), headers={"content-length": str(300 * 65_536)})
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert DENIED in answer.text


@pytest.mark.parametrize("dependencies", [[], [READS, WRITES]], ids=["none", "two"])
def test_a_route_that_does_not_declare_one_stops_the_start(dependencies: list[object]) -> None:
    router = APIRouter()

    @router.get("/x", dependencies=dependencies)  # type: ignore[arg-type]
    def forgotten() -> None: ...

    app = FastAPI()
    app.include_router(router)
    with pytest.raises(UndeclaredRouteError, match="/x"):
        rule_of(router.routes[0])


ASKS_FOR_THE_TOKEN = {get_args(kind)[1].dependency for kind in (Posted, PostedLarge)}


def _forgets_the_token(route: APIRoute) -> bool:
    signed_in = permission_of(route) is not Permission.OPEN
    return signed_in and not ASKS_FOR_THE_TOKEN & set(dependency_calls(route.dependant))


def test_every_form_of_who_is_signed_in_asks_for_its_token(world: World) -> None:
    forms = [route for method, route in _routes(world) if method != "GET"]
    assert len(forms) > 40
    assert [route.path for route in forms if _forgets_the_token(route)] == []


def _careless(viewer: SignedIn) -> str:
    return viewer.user.name


def test_a_form_that_forgets_its_token_is_found() -> None:
    router = APIRouter()
    router.add_api_route("/careless", _careless, methods=["POST"], dependencies=[WRITES])
    assert [_forgets_the_token(route) for route in router.routes if isinstance(route, APIRoute)] == [True]
