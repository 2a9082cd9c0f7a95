"""The page behind a link of an invitation or a reset."""

import re
from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.services.accounts.account_mail import password_link
from support.account_world import BAD, GOOD, second_step, submit, with_password
from support.web_world import CLOCK, World


@pytest.fixture
def path(world: World) -> str:
    """Where Charlie sets a password."""
    return password_link(world.deps.store, CLOCK, world.charlie, "", 60)


def _account(client: TestClient) -> str:
    return client.get("/account").text


def test_it_sets_a_password_and_signs_in(world: World, path: str) -> None:
    client = world.client()
    submit(client, path, password=GOOD)
    assert "charlie@example.org" in _account(client)
    again = world.client()
    assert submit(again, "/sign-in", address="charlie@example.org", password=GOOD).headers["location"] == "/"


def test_looking_at_it_does_not_use_it_up(world: World, path: str) -> None:
    for _ in range(3):
        assert world.client().get(path).status_code == HTTPStatus.OK
    assert submit(world.client(), path, password=GOOD).status_code == HTTPStatus.SEE_OTHER


def test_it_works_once(world: World, path: str) -> None:
    submit(world.client(), path, password=GOOD)
    assert "no longer works" in world.client().get(path).text
    assert submit(world.client(), "/sign-in", path, password=BAD).status_code == HTTPStatus.FORBIDDEN


def test_an_easy_password_is_refused_and_the_link_goes_on(world: World, path: str) -> None:
    client = world.client()
    answer = submit(client, path, password="charlie12345")
    assert answer.status_code == HTTPStatus.BAD_REQUEST
    assert "charlie12345" not in answer.text
    assert submit(client, path, password=GOOD).status_code == HTTPStatus.SEE_OTHER


def test_another_site_cannot_submit_it(world: World, path: str) -> None:
    assert world.client().post(path, data={"password": GOOD}).status_code == HTTPStatus.FORBIDDEN
    assert world.deps.store.accounts.credentials(world.charlie.id).password == ""


def test_a_reset_does_not_go_around_the_second_step(world: World) -> None:
    bob = with_password(world)
    second_step(world, bob)
    client = world.client()
    answer = submit(client, password_link(world.deps.store, CLOCK, bob, "", 60), password=BAD)
    assert answer.headers["location"] == "/sign-in?changed=1"
    assert client.get("/account", follow_redirects=False).status_code == HTTPStatus.SEE_OTHER


def test_a_reset_ends_the_sessions_of_who_had_the_old_password(world: World) -> None:
    bob = with_password(world)
    thief = world.client()
    submit(thief, "/sign-in", address=bob.address, password=GOOD)
    submit(world.client(), password_link(world.deps.store, CLOCK, bob, "", 60), password=BAD)
    assert thief.get("/account", follow_redirects=False).status_code == HTTPStatus.SEE_OTHER


def test_a_reset_lets_in_who_was_locked_out_by_guesses(world: World) -> None:
    bob = with_password(world)
    for number in range(31):
        world.deps.accounts.sign_in.password(bob.address, BAD, f"10.{number}.0.1")
    submit(world.client(), password_link(world.deps.store, CLOCK, bob, "", 60), password=BAD)
    assert submit(world.client(), "/sign-in", address=bob.address, password=BAD).headers["location"] == "/"


def test_the_token_leaves_by_no_referrer(world: World, path: str) -> None:
    page = world.client().get(path)
    assert page.headers["referrer-policy"] == "no-referrer"
    assert not re.search(r"https?://(?!127)", page.text)
