"""The page of users: who sees it, what it does, what it refuses."""

import re
from http import HTTPStatus

import pytest
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from postlude.kit.ids import id_text
from postlude.model.role import Role
from postlude.store import User
from support.account_world import GOOD, submit
from support.web_world import World


@pytest.fixture
def owner(world: World) -> User:
    return world.deps.store.accounts.create_user("owner@example.org", "Owner", (), 5, Role.OWNER)


@pytest.fixture
def admin(world: World) -> User:
    return world.deps.store.accounts.create_user("admin@example.org", "Admin", (), 6, Role.ADMIN)


@pytest.fixture
def client(world: World, owner: User) -> TestClient:
    return world.client(owner)


def _role(world: World, user: User) -> Role:
    return world.deps.store.accounts.user(user.id).role


def test_an_invited_person_comes_in(world: World, client: TestClient) -> None:
    page = submit(client, "/people", address="new@example.org", name="New", role="viewer").text
    link = re.search(r'id="link">http://127.0.0.1(/password/[\w-]+)<', page)
    assert link
    invited = world.client()
    answer = submit(invited, link[1], password=GOOD)
    assert answer.status_code == HTTPStatus.SEE_OTHER, answer.text
    assert invited.get("/contacts").status_code == HTTPStatus.OK
    assert invited.get("/compose").status_code == HTTPStatus.FORBIDDEN


def test_outside_a_sandbox_the_link_goes_by_mail_alone(world: World, owner: User) -> None:
    client = world.with_deps(outbox=None).client(owner)
    answer = submit(client, "/people", address="new@example.org", name="New", role="member")
    assert answer.headers["location"] == "/people?done=invited"
    [mail] = world.submitted
    assert mail["recipients"] == ["new@example.org"]
    assert b"/password/" in mail["raw"]


def test_a_role_changes_at_once(world: World, client: TestClient) -> None:
    theirs = world.client(world.charlie)
    assert theirs.get("/compose").status_code == HTTPStatus.OK
    submit(client, "/people", f"/people/{id_text(world.charlie.id)}/role", role="viewer")
    assert theirs.get("/compose").status_code == HTTPStatus.FORBIDDEN


def test_a_disabled_user_is_out(world: World, client: TestClient) -> None:
    theirs = world.client(world.charlie)
    submit(client, "/people", f"/people/{id_text(world.charlie.id)}/disable")
    assert theirs.get("/", follow_redirects=False).headers["location"] == "/sign-in"
    submit(client, "/people", f"/people/{id_text(world.charlie.id)}/enable")
    assert world.deps.store.accounts.user(world.charlie.id).disabled_at is None


@pytest.mark.parametrize("act", ["role", "disable", "invite"])
def test_an_admin_does_not_touch_an_owner(world: World, owner: User, admin: User, act: str) -> None:
    client = world.client(admin)
    answer = submit(client, "/people", f"/people/{id_text(owner.id)}/{act}", role="member")
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert _role(world, owner) is Role.OWNER
    assert world.submitted == []
    assert "/password/" not in answer.text


@pytest.mark.parametrize("role", ["owner", "admin"])
def test_an_admin_makes_no_one_an_admin(world: World, admin: User, role: str) -> None:
    client = world.client(admin)
    for user in (admin, world.charlie):
        answer = submit(client, "/people", f"/people/{id_text(user.id)}/role", role=role)
        assert answer.status_code == HTTPStatus.FORBIDDEN
    assert submit(client, "/people", address="n@example.org", role=role).status_code == HTTPStatus.FORBIDDEN
    assert world.deps.store.accounts.user_by_address("n@example.org") is None


def test_the_last_owner_stays(world: World, client: TestClient, owner: User) -> None:
    answer = submit(client, "/people", f"/people/{id_text(owner.id)}/role", role="member")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "last owner" in answer.text
    assert _role(world, owner) is Role.OWNER


@pytest.mark.parametrize("role", ["root", "", "OWNER "])
def test_what_is_not_a_role_is_refused(world: World, client: TestClient, role: str) -> None:
    answer = submit(client, "/people", f"/people/{id_text(world.charlie.id)}/role", role=role)
    assert answer.status_code == HTTPStatus.BAD_REQUEST


@pytest.mark.browser
@pytest.mark.e2e
def test_a_person_is_invited_in_a_browser(browser: Browser, served: str, world: World, owner: User) -> None:
    page = browser.new_page(base_url=served)
    page.goto(f"/sign-in/{world.token(owner)}")
    page.goto("/preferences")
    page.get_by_role("link", name="People").click()
    page.get_by_label("Email address").fill("new@example.org")
    page.get_by_label("Name", exact=True).fill("New Person")
    page.get_by_label("Role", exact=True).select_option("viewer")
    page.get_by_role("button", name="Invite", exact=True).click()
    expect(page.locator("#link")).to_contain_text("/password/")
    page.get_by_role("combobox", name="Role of new@example.org").select_option("member")
    page.get_by_role("button", name="Change the role of new@example.org").click()
    expect(page.get_by_role("status")).to_have_text("The role is changed.")
    page.close()
