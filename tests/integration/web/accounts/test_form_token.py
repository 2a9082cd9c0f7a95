"""Forms of who is not signed in."""

from http import HTTPStatus

import pytest

from support.web_world import World, csrf_of

FORMS = ["/sign-in", "/sign-in/code", "/sign-in/forgot", "/password/x"]


@pytest.mark.parametrize("path", FORMS)
@pytest.mark.parametrize("csrf", ["", "x", "\ud800".encode("utf-8", "surrogatepass").decode("latin-1"), "0" * 32])
def test_without_its_token_none_is_taken(world: World, path: str, csrf: str) -> None:
    client = world.client()
    client.get("/sign-in")
    answer = client.post(path, data={"csrf": csrf, "address": "alice@example.org"}, follow_redirects=False)
    assert answer.status_code == HTTPStatus.FORBIDDEN
    assert world.submitted == []


def test_a_page_keeps_the_cookie_a_browser_has(world: World) -> None:
    client = world.client()
    first = csrf_of(client.get("/sign-in").text)
    again = client.get("/sign-in/forgot")
    assert csrf_of(again.text) == first
    assert "set-cookie" not in again.headers


def test_a_cookie_without_our_making_proves_nothing(world: World) -> None:
    """A cookie that somebody planted has a token that only this server computes."""
    client = world.client()
    client.cookies.set("postlude-form", "planted")
    answer = client.post("/sign-in", data={"csrf": "planted"})
    assert answer.status_code == HTTPStatus.FORBIDDEN


@pytest.mark.parametrize("path", FORMS)
def test_strangers_submit_small_forms_only(world: World, path: str) -> None:
    answer = world.client().post(path, data={"csrf": "x" * 20_000})
    assert answer.status_code == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
