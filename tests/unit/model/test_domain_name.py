import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.model.domain_name import (
    DomainError,
    address_key,
    ascii_address,
    ascii_domain,
    browser_host,
    same_domain,
    shown_domain,
)


@pytest.mark.parametrize(
    ("written", "wire"),
    [
        ("example.org", "example.org"),
        ("EXAMPLE.org", "example.org"),
        ("münchen.example", "xn--mnchen-3ya.example"),
        ("MÜNCHEN.example", "xn--mnchen-3ya.example"),
        ("XN--MNCHEN-3YA.example", "xn--mnchen-3ya.example"),
        ("faß.example", "xn--fa-hia.example"),
        ("βόλος.com", "xn--nxasmm1c.com"),
        ("ΒΌΛΟΣ.com", "xn--nxasmq6b.com"),
        ("例え。jp", "xn--r8jz45g.jp"),
        ("домен.example", "xn--d1acufc.example"),
        ("mail_host.example", "mail_host.example"),
    ],
)
def test_two_spellings_of_a_domain_are_one_by_idna_2008(written: str, wire: str) -> None:
    assert ascii_domain(written) == wire
    assert same_domain(written) == wire


@pytest.mark.parametrize("written", ["i❤.ws", "ä..example", "ä" * 300, "ä\u0000.example", "-ä.example", "xn--a.ä"])
def test_letters_that_no_domain_has_are_refused(written: str) -> None:
    with pytest.raises(DomainError, match="typing error"):
        ascii_domain(written)
    assert same_domain(written) == written.lower()


def test_an_emoji_domain_can_be_followed_but_not_mailed() -> None:
    assert browser_host("i❤.ws") == "xn--i-7iq.ws"
    assert browser_host("faß.example") == "xn--fa-hia.example"
    assert not browser_host("a\u200db.example")


def test_the_local_part_stays_as_it_is_on_the_wire_and_is_lower_case_in_a_key() -> None:
    assert ascii_address("Ünï@faß.example") == "Ünï@xn--fa-hia.example"
    assert ascii_address("nobody") == "nobody"
    assert address_key(" Ünï@FAß.example ") == "ünï@xn--fa-hia.example"
    assert address_key("Bob@Example.org") == "bob@example.org"


@given(st.text(max_size=30), st.text(max_size=30))
def test_a_key_is_its_own_key(local: str, domain: str) -> None:
    key = address_key(f"{local}@{domain}")
    assert address_key(key) == key


def test_people_see_a_domain_in_its_own_script() -> None:
    assert shown_domain("xn--mnchen-3ya.example") == "münchen.example"
    assert shown_domain("xn--.example") == "xn--.example"
