"""A provider of single sign-on, over real HTTP; who comes in is tried with the web app."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest

from postlude.adapters.oidc import OidcProvider
from postlude.kit.clock import SystemClock
from postlude.model.errors import TransportError
from postlude.model.proven_person import ProvenPerson
from support.oidc_server import CLIENT, SECRET, OidcServer

_CALLBACK = "https://app.example/sign-in/oidc/callback"


@pytest.fixture
def server() -> Iterator[OidcServer]:
    with OidcServer().running() as running:
        yield running


def _provider(server: OidcServer) -> OidcProvider:
    return OidcProvider(f"{server.issuer}/", CLIENT, SECRET, _CALLBACK, SystemClock())


def test_it_says_who_signed_in(server: OidcServer) -> None:
    provider = _provider(server)
    begun = provider.begin()
    [code] = parse_qs(urlsplit(server.sign_in(begun.url)).query)["code"]
    assert provider.finish(code, server.issuer, begun) == ProvenPerson(
        server.issuer, "7", "bob@example.org", verified=True, name="Bob"
    )


def test_no_two_sign_ins_are_alike(server: OidcServer) -> None:
    provider = _provider(server)
    one, other = provider.begin(), provider.begin()
    assert not {one.state, one.nonce, one.verifier} & {other.state, other.nonce, other.verifier}
    assert one.verifier not in one.url
    assert server.asked.count("/.well-known/openid-configuration") == 1


def test_a_provider_of_another_name_is_refused(server: OidcServer) -> None:
    where, server.issuer = server.issuer, "https://other.example"
    with pytest.raises(TransportError, match="correct POSTLUDE_OIDC_ISSUER"):
        OidcProvider(where, CLIENT, SECRET, _CALLBACK, SystemClock()).begin()


def test_an_address_in_the_clear_is_not_asked() -> None:
    with pytest.raises(TransportError):
        OidcProvider("https://127.0.0.1:1", CLIENT, SECRET, _CALLBACK, SystemClock())._ask("http://127.0.0.1:1/")
