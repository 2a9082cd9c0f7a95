"""A session ends on the server, and a user can be ended."""

from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.services.accounts.sessions import disable_user, enable_user, end_sessions
from support.web_world import CLOCK, World, csrf_of


@pytest.fixture
def signed_in(world: World) -> TestClient:
    return world.client(world.charlie)


def _page(client: TestClient) -> int:
    return client.get("/preferences", follow_redirects=False).status_code


def test_a_copied_cookie_is_useless_after_signing_out(world: World, signed_in: TestClient) -> None:
    copied = world.client()
    copied.cookies.update(signed_in.cookies)
    assert _page(copied) == HTTPStatus.OK
    signed_in.post("/sign-out", data={"csrf": csrf_of(signed_in.get("/preferences").text)})
    assert _page(copied) == HTTPStatus.SEE_OTHER


def test_signing_out_leaves_the_other_browser_alone(world: World, signed_in: TestClient) -> None:
    other = world.client(world.charlie)
    signed_in.post("/sign-out", data={"csrf": csrf_of(signed_in.get("/preferences").text)})
    assert _page(other) == HTTPStatus.OK


def test_an_operator_ends_every_session_of_a_user(world: World, signed_in: TestClient) -> None:
    end_sessions(world.deps.store, CLOCK, world.charlie)
    assert _page(signed_in) == HTTPStatus.SEE_OTHER


def test_a_disabled_user_is_out_at_once(world: World, signed_in: TestClient) -> None:
    disable_user(world.deps.store, CLOCK, world.charlie)
    assert _page(signed_in) == HTTPStatus.SEE_OTHER


def test_a_disabled_user_cannot_use_a_sign_in_link(world: World) -> None:
    token = world.token(world.charlie)
    disable_user(world.deps.store, CLOCK, world.charlie)
    assert world.deps.redeem(token) is None


def test_an_enabled_user_signs_in_again(world: World) -> None:
    disable_user(world.deps.store, CLOCK, world.charlie)
    enable_user(world.deps.store, world.charlie)
    assert _page(world.client(world.charlie)) == HTTPStatus.OK


def test_sessions_from_before_stay_over_when_a_user_is_enabled(world: World, signed_in: TestClient) -> None:
    disable_user(world.deps.store, CLOCK, world.charlie)
    enable_user(world.deps.store, world.charlie)
    assert _page(signed_in) == HTTPStatus.SEE_OTHER


def test_a_link_that_was_not_used_ends_with_the_sessions(world: World) -> None:
    token = world.token(world.charlie)
    end_sessions(world.deps.store, CLOCK, world.charlie)
    assert world.deps.redeem(token) is None


def test_links_of_others_are_left_alone(world: World) -> None:
    token = world.token(world.alice)
    end_sessions(world.deps.store, CLOCK, world.charlie)
    assert world.deps.redeem(token) is not None


def test_who_signs_in_in_the_moment_after_is_signed_in(world: World) -> None:
    for _ in range(3):
        end_sessions(world.deps.store, CLOCK, world.charlie)
        assert _page(world.client(world.charlie)) == HTTPStatus.OK


def test_a_list_takes_no_sender_that_its_maker_may_not_write_as(world: World, signed_in: TestClient) -> None:
    csrf = csrf_of(signed_in.get("/lists").text)
    form = {"csrf": csrf, "name": "News", "sender": "boss@example.org"}
    assert signed_in.post("/lists", data=form).status_code == HTTPStatus.BAD_REQUEST
    assert world.deps.store.lists.every() == []


def test_a_list_takes_its_makers_own_address(world: World, signed_in: TestClient) -> None:
    form = {"csrf": csrf_of(signed_in.get("/lists").text), "name": "News", "sender": "charlie@example.org"}
    signed_in.post("/lists", data=form)
    [made] = world.deps.store.lists.every()
    assert made.sender == "charlie@example.org"
    assert made.owner == world.charlie.id


def test_sessions_go_on_when_their_key_is_rotated(world: World) -> None:
    """The browser keeps its cookie; the app is another one, with a new key, and knows the old one or does not."""
    client = world.client(world.alice)
    rotated = world.with_deps(secret=b"n" * 32, earlier_secret=world.deps.secret)
    assert _with_cookies_of(client, rotated) == HTTPStatus.OK
    assert _with_cookies_of(client, world.with_deps(secret=b"n" * 32)) == HTTPStatus.SEE_OTHER


def test_new_sessions_are_signed_with_the_new_key(world: World) -> None:
    rotated = world.with_deps(secret=b"n" * 32, earlier_secret=world.deps.secret)
    client = rotated.client(world.alice)
    assert _with_cookies_of(client, world) == HTTPStatus.SEE_OTHER
    assert _with_cookies_of(client, world.with_deps(secret=b"n" * 32)) == HTTPStatus.OK


def _with_cookies_of(client: TestClient, world: World) -> int:
    other = world.client()
    other.cookies.update(client.cookies)
    return other.get("/preferences", follow_redirects=False).status_code
