"""What routes declare for the audit log, and when it is written. `AuditedClient` looks at every form of every test."""

from contextlib import suppress
from http import HTTPStatus

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from postlude.model.errors import StorageError
from postlude.model.role import Permission, Role
from postlude.services.accounts.second_step import totp_code
from postlude.store import User
from postlude.store.accounts.audit_log import AuditSearch
from postlude.store.accounts.rows import AuditEntry
from postlude.web.app import routes_of
from postlude.web.audit_trail import AuditTrail, audit_of, does
from postlude.web.permissions import WRITES, UndeclaredRouteError, permission_of
from support.account_world import BAD, GOOD, second_step, submit, with_password
from support.web_world import CLOCK, World


@pytest.fixture
def owner(world: World) -> User:
    return world.deps.store.accounts.create_user("owner@example.org", "Owner", (), 5, Role.OWNER)


@pytest.fixture
def client(world: World, owner: User) -> TestClient:
    return world.client(owner)


def _log(world: World) -> list[AuditEntry]:
    return world.deps.store.accounts.audit_page(AuditSearch(), 50)


def test_every_route_with_a_form_declares_what_it_does(world: World) -> None:
    posts = [one for one in routes_of(world.deps) if isinstance(one, APIRoute) and "POST" in (one.methods or ())]
    acts = [audit_of(one) for one in posts]
    assert len(posts) > 55
    assert len([act for act in acts if act]) > 50


@pytest.mark.parametrize("dependencies", [[WRITES], [does("x"), WRITES]], ids=["nothing", "before its permission"])
def test_a_route_that_does_not_declare_it_stops_the_start(world: World, dependencies: list[object]) -> None:
    router = APIRouter()

    @router.post("/x", dependencies=dependencies)  # type: ignore[arg-type]
    def forgotten() -> None: ...

    with pytest.raises(UndeclaredRouteError, match="/x"):
        AuditTrail(FastAPI(), world.deps, router.routes)


def test_an_act_is_recorded_with_who_what_and_from_where(world: World, client: TestClient) -> None:
    submit(client, "/people", address="new@example.org", name="New", role="viewer")
    newest = _log(world)[0]
    assert newest.who == "owner@example.org"
    assert newest.act == "user add"
    assert newest.what == "address new@example.org, role viewer"
    assert newest.via == "web"
    assert newest.origin == "testclient"


def test_what_is_refused_by_its_input_is_not_recorded(world: World, client: TestClient) -> None:
    before = len(_log(world))
    assert submit(client, "/people", address="no address", role="viewer").status_code == HTTPStatus.BAD_REQUEST
    assert len(_log(world)) == before


def test_an_entry_is_in_the_transaction_of_its_act(world: World, client: TestClient) -> None:
    """When the entry cannot be written the act is not done either."""
    store = world.deps.store
    with suppress(StorageError), store._database.write(alone=True) as connection:
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON audit_log BEGIN SELECT RAISE(ABORT, 'database or disk is full'); END"
        )
    answer = client.post("/suppressions", data={"csrf": _csrf(client), "address": "dave@example.org"})
    assert answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR
    assert store.suppressions.count("") == {}


def _csrf(client: TestClient) -> str:
    return client.get("/suppressions").text.partition('name="csrf" value="')[2].partition('"')[0]


def test_signing_in_is_recorded_and_so_is_being_refused(world: World) -> None:
    bob, client = with_password(world), world.client()
    submit(client, "/sign-in", address=bob.address, password=BAD)
    submit(client, "/sign-in", address="wrong field: " + GOOD, password=BAD)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    done, other, refused = _log(world)[:3]
    assert [one.outcome for one in (done, other, refused)] == ["", "refused", "refused"]
    assert [one.who for one in (done, other, refused)] == [bob.address, "", ""]
    assert [one.what for one in (other, refused)] == ["an address without an account", bob.address]


def test_no_secret_is_ever_in_the_log(world: World, client: TestClient) -> None:
    """A password, an app password, a code and links pass; none of them is found in the log afterwards."""
    page = submit(client, "/people", address="new@example.org", name="New", role="member").text
    link = page.partition("/password/")[2].partition("<")[0]
    submit(world.client(), f"/password/{link}", password=GOOD)
    token = world.token(world.alice)
    world.client().get(f"/sign-in/{token}", follow_redirects=False)
    shown = submit(client, "/preferences/passwords", label="phone").text
    app_password = shown.partition('id="password">')[2].partition("<")[0]
    written = "\n".join(map(str, _log(world)))
    assert "account password" in written
    assert [secret for secret in (link, GOOD, token, app_password) if secret and secret in written] == []


def test_open_routes_name_who_came_in(world: World) -> None:
    world.client(world.alice)
    newest = _log(world)[0]
    assert newest.act == "sign-in link"
    assert newest.who == world.alice.address


def test_downloads_of_people_are_recorded(world: World, client: TestClient) -> None:
    client.get("/suppressions/export.csv")
    assert _log(world)[0].act == "export suppressions"


def test_no_act_is_declared_by_what_only_shows(world: World) -> None:
    routes = [one for one in routes_of(world.deps) if isinstance(one, APIRoute) and "GET" in (one.methods or ())]
    acts = {one.path: audit_of(one) for one in routes if audit_of(one)}
    assert {act.partition(" ")[0] for act in acts.values()} == {"audit", "export", "sign-in"}
    assert all(permission_of(one) is not Permission.OPEN or "sign-in" in one.path for one in routes if one.path in acts)


def test_a_wrong_code_is_a_refusal_and_a_right_one_is_not(world: World) -> None:
    bob, client = with_password(world), world.client()
    secret = second_step(world, bob)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    submit(client, "/sign-in/code", code="000000")
    refused = _log(world)[0]
    assert refused.outcome == "refused"
    assert refused.what == bob.address
    assert refused.who == ""
    submit(client, "/sign-in/code", code=totp_code(secret, CLOCK.now()))
    done = _log(world)[0]
    assert done.outcome == ""
    assert done.who == bob.address


def test_an_act_that_a_wrong_password_stops_is_not_recorded(world: World) -> None:
    bob, client = with_password(world), world.client()
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    before = len(_log(world))
    submit(client, "/account", "/account/password", current=BAD, password=GOOD + " and more")
    assert len(_log(world)) == before
