"""Signing in at a provider, over real HTTP: who comes in, and what proves nothing."""

from collections.abc import Iterator
from dataclasses import replace
from http import HTTPStatus

import pytest
from httpx2 import Response
from starlette.testclient import TestClient

from postlude.adapters.oidc import OidcProvider
from postlude.model.role import Role
from postlude.services.accounts.second_step import totp_code
from postlude.services.accounts.sessions import disable_user, list_sessions
from postlude.services.accounts.single_sign_on import SingleSignOn
from postlude.store import User
from postlude.store.accounts.audit_log import AuditSearch
from support.account_world import second_step, submit, with_password
from support.oidc_server import CLIENT, SECRET, OidcServer
from support.web_world import CLOCK, World

_CALLBACK = "http://127.0.0.1/sign-in/oidc/callback"


@pytest.fixture
def provider() -> Iterator[OidcServer]:
    with OidcServer().running() as server:
        yield server


@pytest.fixture
def signing(world: World, provider: OidcServer) -> World:
    """The world with this provider; addresses of new.example get an account."""
    accounts = replace(
        world.deps.accounts,
        provider=OidcProvider(provider.issuer, CLIENT, SECRET, _CALLBACK, CLOCK),
        provider_name="Example login",
        sign_on=SingleSignOn(world.deps.store, CLOCK, ["new.example"], Role.VIEWER),
    )
    return world.with_deps(accounts=accounts)


@pytest.fixture
def bob(signing: World) -> User:
    return signing.deps.store.accounts.create_user("bob@example.org", "Bob")


@pytest.fixture
def client(signing: World) -> TestClient:
    return signing.client()


def _go(client: TestClient, provider: OidcServer) -> Response:
    where = client.get("/sign-in/oidc", follow_redirects=False).headers["location"]
    return client.get(provider.sign_in(where).removeprefix("http://127.0.0.1"), follow_redirects=False)


def _is_in(client: TestClient) -> bool:
    return client.get("/preferences", follow_redirects=False).status_code == HTTPStatus.OK


def test_an_invited_person_comes_in(signing: World, client: TestClient, provider: OidcServer, bob: User) -> None:
    assert "Example login" in client.get("/sign-in").text
    assert _go(client, provider).headers["location"] == "/"
    assert _is_in(client)
    assert [one.how for one in list_sessions(signing.deps.store, CLOCK, bob)] == ["single sign-on"]
    newest = signing.deps.store.accounts.audit_page(AuditSearch(), 1)[0]
    assert newest.act == "sign-in oidc"
    assert newest.who == bob.address


def test_a_stranger_does_not(client: TestClient, provider: OidcServer, bob: User) -> None:
    provider.person["email"] = "mallory@example.org"
    assert _go(client, provider).status_code == HTTPStatus.FORBIDDEN
    assert not _is_in(client)
    assert bob.address == "bob@example.org"


def test_an_address_of_an_allowed_domain_gets_an_account(
    signing: World, client: TestClient, provider: OidcServer
) -> None:
    provider.person["email"] = "Dora@new.example"
    assert _go(client, provider).status_code == HTTPStatus.SEE_OTHER
    dora = signing.deps.store.accounts.user_by_address("dora@new.example")
    assert dora is not None
    assert dora.role is Role.VIEWER


@pytest.mark.parametrize("verified", [False, None, "false", 1])
def test_an_address_that_is_not_verified_proves_nothing(
    client: TestClient, provider: OidcServer, bob: User, verified: object
) -> None:
    provider.person["email_verified"] = verified
    assert _go(client, provider).status_code == HTTPStatus.FORBIDDEN, bob
    assert not _is_in(client)


@pytest.mark.parametrize(
    ("claim", "value"),
    [
        ("nonce", "another"),
        ("nonce", None),
        ("aud", "another-program"),
        ("iss", "https://evil.example"),
        ("exp", 1_000_000_000),
        ("exp", None),
        ("sub", None),
        ("aud", [CLIENT, "another-program"]),
    ],
)
def test_a_token_that_is_not_for_this_sign_in_is_refused(
    client: TestClient, provider: OidcServer, bob: User, claim: str, value: object
) -> None:
    provider.claims[claim] = value
    assert _go(client, provider).status_code == HTTPStatus.FORBIDDEN, bob
    assert not _is_in(client)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
def test_a_token_without_a_key_pair_is_refused(
    client: TestClient, provider: OidcServer, bob: User, algorithm: str
) -> None:
    provider.algorithm = algorithm
    assert _go(client, provider).status_code == HTTPStatus.FORBIDDEN, bob
    assert not _is_in(client)


def test_a_foreign_key_is_refused_and_a_rotated_one_is_not(
    signing: World, client: TestClient, provider: OidcServer, bob: User
) -> None:
    assert _go(client, provider).status_code == HTTPStatus.SEE_OTHER, bob
    provider.rotate()  # its own page has the new key, too
    signing.deps.accounts.provider._keys_at = 0.0  # type: ignore[union-attr]
    assert _go(signing.client(), provider).status_code == HTTPStatus.SEE_OTHER


def test_an_answer_that_another_browser_began_is_refused(
    signing: World, client: TestClient, provider: OidcServer, bob: User
) -> None:
    where = signing.client().get("/sign-in/oidc", follow_redirects=False).headers["location"]
    client.get("/sign-in/oidc", follow_redirects=False)
    back = provider.sign_in(where).removeprefix("http://127.0.0.1")
    assert client.get(back, follow_redirects=False).status_code == HTTPStatus.FORBIDDEN, bob
    assert not _is_in(client)


def test_an_answer_of_another_provider_is_refused(client: TestClient, provider: OidcServer, bob: User) -> None:
    where = client.get("/sign-in/oidc", follow_redirects=False).headers["location"]
    back = provider.sign_in(where).partition("&iss=")[0].removeprefix("http://127.0.0.1")
    answer = client.get(f"{back}&iss=https://evil.example", follow_redirects=False)
    assert answer.status_code == HTTPStatus.FORBIDDEN, bob


def test_a_code_works_once(client: TestClient, provider: OidcServer, bob: User) -> None:
    where = client.get("/sign-in/oidc", follow_redirects=False).headers["location"]
    back = provider.sign_in(where).removeprefix("http://127.0.0.1")
    client.get(back, follow_redirects=False)
    assert client.get(back, follow_redirects=False).status_code == HTTPStatus.FORBIDDEN, bob


def test_an_address_given_to_another_person_does_not_bring_the_account(
    signing: World, client: TestClient, provider: OidcServer, bob: User
) -> None:
    _go(client, provider)
    provider.person["sub"] = "8"
    assert _go(signing.client(), provider).status_code == HTTPStatus.FORBIDDEN
    signing.deps.store.accounts.forget_identities(bob.id)
    assert _go(signing.client(), provider).status_code == HTTPStatus.SEE_OTHER


def test_a_person_who_changed_the_address_is_known_again(
    signing: World, client: TestClient, provider: OidcServer, bob: User
) -> None:
    _go(client, provider)
    provider.person["email"] = "robert@example.org"
    again = signing.client()
    assert _go(again, provider).status_code == HTTPStatus.SEE_OTHER
    assert bob.address in again.get("/account").text


def test_who_is_disabled_does_not_come_in(signing: World, client: TestClient, provider: OidcServer, bob: User) -> None:
    disable_user(signing.deps.store, CLOCK, bob)
    assert _go(client, provider).status_code == HTTPStatus.FORBIDDEN


def test_the_second_step_is_asked_for(signing: World, client: TestClient, provider: OidcServer) -> None:
    secret = second_step(signing, with_password(signing))
    assert _go(client, provider).headers["location"] == "/sign-in/code"
    assert not _is_in(client)
    submit(client, "/sign-in/code", code=totp_code(secret, CLOCK.now()))
    assert _is_in(client)


def test_a_provider_that_is_away_is_a_page(signing: World, provider: OidcServer) -> None:
    away = OidcProvider("http://127.0.0.1:1", CLIENT, SECRET, _CALLBACK, CLOCK)
    gone = signing.with_deps(accounts=replace(signing.deps.accounts, provider=away))
    assert gone.client().get("/sign-in/oidc").status_code == HTTPStatus.BAD_GATEWAY
    assert provider.asked == []


def test_without_a_provider_there_is_no_such_page(world: World) -> None:
    client = world.client()
    assert client.get("/sign-in/oidc").status_code == HTTPStatus.NOT_FOUND
    assert "sign-in/oidc" not in client.get("/sign-in").text
