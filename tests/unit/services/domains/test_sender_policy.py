import pytest

from postlude.services.domains.sender_policy import public_host, server_host, spf_mechanism


@pytest.mark.parametrize(
    ("servers", "own", "mechanism"),
    [
        ((), "mx.example.org", "a:mx.example.org"),
        ((), "", ""),
        (("127.0.0.1",), "mx.example.org", "a:mx.example.org"),
        (("192.0.2.7",), "mx.example.org", "a:mx.example.org"),
        (("relay.example.net", "other.example.net"), "mx.example.org", "a:relay.example.net"),
        (("email-smtp.eu-west-1.amazonaws.com",), "mx.example.org", "include:amazonses.com"),
        (("relay.example.net", "smtp.gmail.com"), "", "include:_spf.google.com"),
        (("notgmail.com",), "", "a:notgmail.com"),
    ],
)
def test_who_sends_is_allowed(servers: tuple[str, ...], own: str, mechanism: str) -> None:
    assert spf_mechanism(servers, own) == mechanism


@pytest.mark.parametrize("host", ["", "localhost", "127.0.0.1", "::1", "192.0.2.1", "2001:db8::1"])
def test_what_others_cannot_look_up_is_not_public(host: str) -> None:
    assert public_host(host) == ""


def test_a_name_is_public() -> None:
    assert public_host("t.example.org") == "t.example.org"


@pytest.mark.parametrize("name", ["", "laptop", "localhost.localdomain"])
def test_a_server_without_a_domain_has_no_name(name: str) -> None:
    assert server_host(name) == ""


def test_a_server_in_a_domain_has_one() -> None:
    assert server_host("mx.example.org") == "mx.example.org"
