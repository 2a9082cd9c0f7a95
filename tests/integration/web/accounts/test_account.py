"""The account page: password, second step, sessions."""

import re
from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.services.accounts.second_step import totp_code
from postlude.services.accounts.sessions import list_sessions, session_id
from postlude.store import User
from support.account_world import BAD, GOOD, second_step, submit, with_password
from support.web_world import CLOCK, World


@pytest.fixture
def bob(world: World) -> User:
    return with_password(world)


@pytest.fixture
def client(world: World, bob: User) -> TestClient:
    return world.client(bob)


def _is_in(client: TestClient) -> bool:
    return client.get("/account", follow_redirects=False).status_code == HTTPStatus.OK


def test_who_came_by_a_link_sets_a_first_password(world: World) -> None:
    client = world.client(world.charlie)
    assert submit(client, "/account", "/account/password", password=GOOD).status_code == HTTPStatus.SEE_OTHER
    assert _is_in(client)
    assert world.deps.store.accounts.credentials(world.charlie.id).password


def test_changing_one_takes_the_current_one(world: World, client: TestClient, bob: User) -> None:
    before = world.deps.store.accounts.credentials(bob.id).password
    answer = submit(client, "/account", "/account/password", current=BAD, password=BAD)
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert world.deps.store.accounts.credentials(bob.id).password == before


def test_changing_one_ends_the_other_sessions(world: World, client: TestClient, bob: User) -> None:
    other = world.client(bob)
    submit(client, "/account", "/account/password", current=GOOD, password=BAD)
    assert _is_in(client)
    assert not _is_in(other)


def test_a_stolen_session_cannot_guess_the_password_for_ever(client: TestClient) -> None:
    tries = [submit(client, "/account", "/account/password", current=BAD, password=BAD).text for _ in range(31)]
    assert "Too many" not in tries[29]
    assert "Too many" in tries[30]


def test_the_second_step_is_turned_on_with_a_code(world: World, client: TestClient, bob: User) -> None:
    submit(client, "/account", "/account/second-step/offer", current=GOOD)
    shown = re.search(r'id="secret">(\w+)<', client.get("/account").text)
    assert shown
    offered = world.deps.store.accounts.credentials(bob.id).totp_offered
    assert offered
    answer = submit(client, "/account", "/account/second-step/begin", code=totp_code(offered, CLOCK.now()))
    assert len(re.findall(r"\w{4}-\w{4}-\w{4}-\w{4}", answer.text)) == 10
    assert world.deps.store.accounts.credentials(bob.id).totp == offered


def test_the_secret_is_not_shown_again(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    page = client.get("/account").text
    assert "otpauth" not in page
    assert secret.hex() not in page


def test_a_secret_that_is_on_is_not_replaced(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    submit(client, "/account", "/account/second-step/offer", current=GOOD)
    assert world.deps.store.accounts.credentials(bob.id).totp == secret
    assert world.deps.store.accounts.credentials(bob.id).totp_offered is None


@pytest.mark.parametrize("path", ["/account/second-step/end", "/account/recovery-codes"])
def test_ending_it_takes_the_password(world: World, client: TestClient, bob: User, path: str) -> None:
    secret = second_step(world, bob)
    before = world.deps.store.accounts.credentials(bob.id).recovery
    assert submit(client, "/account", path, current=BAD).status_code == HTTPStatus.BAD_REQUEST
    assert world.deps.store.accounts.credentials(bob.id).totp == secret
    assert world.deps.store.accounts.credentials(bob.id).recovery == before


def test_it_ends(world: World, client: TestClient, bob: User) -> None:
    second_step(world, bob)
    submit(client, "/account", "/account/second-step/end", current=GOOD)
    assert world.deps.store.accounts.credentials(bob.id).totp is None


def test_sessions_are_listed_and_ended_one_by_one(world: World, client: TestClient, bob: User) -> None:
    other = world.client(bob)
    assert client.get("/account").text.count('aria-label="Sign out') == 1
    mine = client.cookies["postlude"]
    [wanted] = [
        session_id(one.session)
        for one in list_sessions(world.deps.store, CLOCK, bob)
        if f"/account/sessions/{session_id(one.session)}/end" in client.get("/account").text
    ]
    submit(client, "/account", f"/account/sessions/{wanted}/end")
    assert client.cookies["postlude"] == mine
    assert _is_in(client)
    assert not _is_in(other)


def test_a_session_of_another_user_is_not_found(world: World, client: TestClient) -> None:
    other = world.client(world.charlie)
    [one] = list_sessions(world.deps.store, CLOCK, world.charlie)
    answer = submit(client, "/account", f"/account/sessions/{session_id(one.session)}/end")
    assert answer.status_code == HTTPStatus.NOT_FOUND
    assert _is_in(other)


def test_all_others_end_at_once(world: World, client: TestClient, bob: User) -> None:
    others = [world.client(bob) for _ in range(3)]
    submit(client, "/account", "/account/sessions/end")
    assert _is_in(client)
    assert not any(_is_in(other) for other in others)


def test_a_browsers_name_is_text(world: World, bob: User) -> None:
    client = world.client()
    client.get(f"/sign-in/{world.token(bob)}", headers={"user-agent": "<script>alert(1)</script>" * 100})
    assert "<script>alert" not in client.get("/account").text
    assert len(list_sessions(world.deps.store, CLOCK, bob)[0].program) == 300


def test_a_session_from_before_the_list_goes_on_and_is_listed(world: World, client: TestClient, bob: User) -> None:
    [one] = list_sessions(world.deps.store, CLOCK, bob)
    with world.deps.store._database.write() as connection:
        connection.exec_driver_sql("DELETE FROM web_sessions")
    assert _is_in(client)
    [again] = list_sessions(world.deps.store, CLOCK, bob)
    assert again.session == one.session
    assert again.how == ""
