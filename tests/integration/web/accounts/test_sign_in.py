"""The pages that sign in: what they let in, what they tell, what another site can do."""

from http import HTTPStatus

import pytest
from starlette.testclient import TestClient

from postlude.services.accounts.passwords import set_password
from postlude.services.accounts.second_step import renew_recovery_codes, totp_code
from postlude.services.accounts.sessions import list_sessions
from postlude.store import User
from support.account_world import BAD, GOOD, second_step, submit, with_password
from support.web_world import CLOCK, World, csrf_of


@pytest.fixture
def bob(world: World) -> User:
    return with_password(world)


@pytest.fixture
def client(world: World) -> TestClient:
    return world.client()


def _is_in(client: TestClient) -> bool:
    return client.get("/preferences", follow_redirects=False).status_code == HTTPStatus.OK


def test_a_password_signs_in(client: TestClient, bob: User) -> None:
    assert submit(client, "/sign-in", address=bob.address, password=GOOD).headers["location"] == "/"
    assert _is_in(client)


def test_a_wrong_one_does_not(client: TestClient, bob: User) -> None:
    assert submit(client, "/sign-in", address=bob.address, password=BAD).status_code == HTTPStatus.FORBIDDEN
    assert not _is_in(client)


def test_an_address_that_does_not_exist_gets_the_same_page(client: TestClient, bob: User) -> None:
    known = submit(client, "/sign-in", address=bob.address, password=BAD)
    unknown = submit(client, "/sign-in", address="rob@example.org", password=BAD)
    assert unknown.status_code == known.status_code
    assert unknown.text.replace("rob@", "bob@") == known.text
    assert set(unknown.headers) == set(known.headers)


def test_the_thirty_first_guess_is_refused_for_both_alike(client: TestClient, bob: User) -> None:
    pages = []
    for address in (bob.address, "rob@example.org"):
        tries = [submit(client, "/sign-in", address=address, password=BAD) for _ in range(31)]
        assert [one.status_code for one in tries[29:]] == [HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS]
        pages.append(tries[-1].text.replace("rob@", "bob@"))
    assert pages[0] == pages[1]


def test_the_password_is_never_in_the_page(client: TestClient, bob: User) -> None:
    assert BAD not in submit(client, "/sign-in", address=bob.address, password=BAD).text


def test_another_site_cannot_submit_the_form(client: TestClient, bob: User) -> None:
    form = {"address": bob.address, "password": GOOD}
    assert client.post("/sign-in", data=form).status_code == HTTPStatus.FORBIDDEN
    assert not _is_in(client)


def test_a_token_of_another_browser_is_worthless(world: World, client: TestClient, bob: User) -> None:
    stolen = csrf_of(world.client().get("/sign-in").text)
    client.get("/sign-in")
    form = {"csrf": stolen, "address": bob.address, "password": GOOD}
    assert client.post("/sign-in", data=form).status_code == HTTPStatus.FORBIDDEN
    assert not _is_in(client)


@pytest.mark.parametrize("extra", ["?next=https://evil.example", "?next=//evil.example", "?changed=0&next=/\\evil"])
def test_where_to_go_next_is_not_taken_from_the_request(client: TestClient, bob: User, extra: str) -> None:
    csrf = csrf_of(client.get("/sign-in" + extra).text)
    form = {"csrf": csrf, "address": bob.address, "password": GOOD, "next": "https://evil.example"}
    answer = client.post("/sign-in" + extra, data=form, follow_redirects=False)
    assert answer.headers["location"] == "/"


def test_a_session_that_was_planted_is_not_taken_over(world: World, client: TestClient, bob: User) -> None:
    """Who signs in in a browser with somebody else's session gets a new one, and the other ends."""
    planted = world.client(world.charlie)
    client.cookies.update(planted.cookies)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    assert client.cookies["postlude"] != planted.cookies["postlude"]
    assert bob.address in client.get("/account").text
    assert not _is_in(planted)


def test_the_second_step_is_asked_for(world: World, client: TestClient, bob: User) -> None:
    second_step(world, bob)
    answer = submit(client, "/sign-in", address=bob.address, password=GOOD)
    assert answer.headers["location"] == "/sign-in/code"
    assert not _is_in(client)


def test_a_code_completes_it(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    submit(client, "/sign-in/code", code=totp_code(secret, CLOCK.now()))
    assert _is_in(client)


def test_a_recovery_code_completes_it(world: World, client: TestClient, bob: User) -> None:
    second_step(world, bob)
    code = renew_recovery_codes(world.deps.store, bob)[0]
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    assert submit(client, "/sign-in/code", code="aaaa-aaaa-aaaa-aaaa").status_code == HTTPStatus.FORBIDDEN
    submit(client, "/sign-in/code", code=code)
    assert _is_in(client)


def test_a_code_without_the_password_before_is_worthless(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    csrf = csrf_of(client.get("/sign-in").text)
    form = {"csrf": csrf, "code": totp_code(secret, CLOCK.now())}
    assert client.post("/sign-in/code", data=form, follow_redirects=False).headers["location"] == "/sign-in"
    assert not _is_in(client)


def test_a_changed_password_ends_what_was_begun_with_the_old_one(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    csrf = csrf_of(client.get("/sign-in/code").text)
    set_password(world.deps.store, CLOCK, bob, BAD)
    form = {"csrf": csrf, "code": totp_code(secret, CLOCK.now())}
    assert client.post("/sign-in/code", data=form, follow_redirects=False).headers["location"] == "/sign-in"
    assert not _is_in(client)


def test_codes_are_throttled(world: World, client: TestClient, bob: User) -> None:
    second_step(world, bob)
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    tries = [submit(client, "/sign-in/code", code="000000").status_code for _ in range(12)]
    assert tries.count(HTTPStatus.TOO_MANY_REQUESTS) >= 2


def _forgot(world: World, **headers: str) -> list[str]:
    """Ask for a link for Bob and for an unknown address; the two answers."""
    with world.with_deps(outbox=None).client() as client:
        csrf = csrf_of(client.get("/sign-in/forgot").text)
        forms = [{"csrf": csrf, "address": f"{name}@example.org"} for name in ("bob", "rob")]
        answers = [client.post("/sign-in/forgot", data=form, headers=headers).text for form in forms]
        assert client.portal
        client.portal.call(world.deps.accounts.resets.settled)
    return answers


@pytest.mark.usefixtures("bob")
def test_a_new_password_is_asked_for_by_mail(world: World) -> None:
    known, unknown = _forgot(world)
    assert known == unknown
    assert [mail["recipients"] for mail in world.submitted] == [["bob@example.org"]]


@pytest.mark.usefixtures("bob")
def test_a_sandbox_puts_no_link_where_other_users_read_it(world: World, client: TestClient) -> None:
    assert "postlude sign-in" in submit(client, "/sign-in/forgot", address="bob@example.org").text
    assert world.submitted == []


@pytest.mark.usefixtures("bob")
def test_the_link_in_the_mail_names_no_host_of_the_request(world: World) -> None:
    _forgot(world, host="evil.example")
    assert len(world.submitted) == 1
    assert b"evil" not in world.submitted[0]["raw"]


def test_the_list_of_sessions_says_how_it_signed_in(world: World, client: TestClient, bob: User) -> None:
    submit(client, "/sign-in", address=bob.address, password=GOOD)
    [one] = list_sessions(world.deps.store, CLOCK, bob)
    assert one.how == "password"
    assert one.address == "testclient"


def test_https_cookies_are_bound_to_the_host(world: World, bob: User) -> None:
    client = world.with_deps(public_url="https://postlude.example.org").client()
    client.base_url = "https://postlude.example.org"
    answer = submit(client, "/sign-in", address=bob.address, password=GOOD)
    assert all(name.startswith("__Host-") for name in client.cookies)
    assert "Secure" in answer.headers["set-cookie"]
    assert "HttpOnly" in answer.headers["set-cookie"]


def test_a_link_asks_for_the_second_step(world: World, client: TestClient, bob: User) -> None:
    secret = second_step(world, bob)
    answer = client.get(f"/sign-in/{world.token(bob)}", follow_redirects=False)
    assert answer.headers["location"] == "/sign-in/code"
    assert not _is_in(client)
    assert submit(client, "/sign-in/code", code=totp_code(secret, CLOCK.now())).headers["location"] == "/"
    assert _is_in(client)
    assert [one.how for one in list_sessions(world.deps.store, CLOCK, bob)] == ["link and code"]
