from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.model.address import MAX_ADDRESS, AddressError, read_mailbox, shown
from support.processor import bounded_processor_time


@pytest.mark.parametrize(
    ("written", "spelled", "name"),
    [
        ("alice@example.org", "alice@example.org", ""),
        ("Alice.B+x@EXAMPLE.org", "Alice.B+x@example.org", ""),
        ("  alice@example.org \t", "alice@example.org", ""),
        ("\ufeffalice@example.org\u200b", "alice@example.org", ""),
        ("\u00a0alice@example.org\u00a0", "alice@example.org", ""),
        ("mailto:alice@example.org?subject=Hi", "alice@example.org", ""),
        ("MAILTO:al%2Bice@example.org", "al+ice@example.org", ""),
        ("Alice Doe <alice@example.org>", "alice@example.org", "Alice Doe"),
        ('"Doe, Alice" <mailto:alice@example.org>', "alice@example.org", "Doe, Alice"),
        ("<alice@example.org>", "alice@example.org", ""),
        ("alice@example.org;", "alice@example.org", ""),
        ("alice@example.org.", "alice@example.org", ""),
        ('"john doe"@example.org', '"john doe"@example.org', ""),
        (r'"a\"b@c"@example.org', r'"a\"b@c"@example.org', ""),
        ("пётр@пример.рф", "пётр@xn--e1afmkfd.xn--p1ai", ""),
        ("info@Müller.example", "info@xn--mller-kva.example", ""),
        ("info@xn--mller-kva.example", "info@xn--mller-kva.example", ""),
        ("info@straße.example", "info@xn--strae-oqa.example", ""),
        ("用户@例え。jp", "用户@xn--r8jz45g.jp", ""),
        ("o'brien@example.org", "o'brien@example.org", ""),
        ("'quoted@example.org'", "quoted@example.org", ""),
    ],
)
def test_addresses_as_files_have_them(written: str, spelled: str, name: str) -> None:
    assert read_mailbox(written) == (spelled, name)


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", "is missing"),
        ("   ", "is missing"),
        ("n/a", "no address"),
        ("@example.org", "no address"),
        ("alice@", "no address"),
        ("alice@example.org, bob@example.org", "more than one address"),
        ("alice@example.org bob@example.org", "more than one address"),
        ("a@b@example.org", "more than one @"),
        ("alice..doe@example.org", "misplaced dot"),
        (".alice@example.org", "misplaced dot"),
        ("alice doe@example.org", "a space before"),
        ("alice@localhost", "no top-level"),
        ("alice@[192.0.2.1]", "IP address"),
        ("alice@192.0.2.1", "not a valid domain name"),
        ("alice@exa mple.org", "a space in the domain"),
        ("alice@-example.org", "not a valid domain name"),
        ("alice@example..org", "not a valid domain name"),
        ("ali(ce@example.org", "cannot stand before"),
        ("a" * 65 + "@example.org", "more than 64 octets"),
        ("alice@" + "a" * 60 + "." + ("b" * 60 + ".") * 3 + "example", "longer than 254"),
        ("alice\r\nBcc: x@example.org", "a space before"),
    ],
)
def test_what_is_none_is_refused_with_the_remedy(written: str, reason: str) -> None:
    with pytest.raises(AddressError) as error:
        read_mailbox(written)
    assert reason in error.value.reason
    assert error.value.remedy


def test_people_see_the_domain_in_its_own_script() -> None:
    assert shown("info@xn--mller-kva.example") == "info@müller.example"
    assert shown("info@xn--.example") == "info@xn--.example"
    assert shown("info@example.org") == "info@example.org"


_PART = st.text(alphabet='ab.@"\\ <>;,mailto:é例。-\r\n\0', max_size=20)


@given(st.one_of(st.text(max_size=300), st.builds("{}@{}.org".format, _PART, _PART)))
def test_whatever_is_accepted_is_stable_short_and_on_one_line(text: str) -> None:
    try:
        found = read_mailbox(text)
    except AddressError:
        return
    assert read_mailbox(found.spelled).spelled == found.spelled
    assert len(found.spelled.encode()) <= MAX_ADDRESS
    assert not set(found.spelled) & set("\r\n\0")
    assert not set(found.spelled) & set("<>") or found.spelled.startswith('"')


@pytest.mark.parametrize("unit", ["a@", "a@b,", "a@b ", ".x", "<", " ", "@", "é.", ",", "a@.", '"\\', "mailto:", "%40"])
def test_time_grows_with_the_text_alone(unit: str) -> None:
    text = unit * (200_000 // len(unit))
    with bounded_processor_time():
        for typed in (text, f"a@b{text}x", f"a{text} <a@b.example>", f"a@{text}.example", f"x <{text}>"):
            with suppress(AddressError):
                read_mailbox(typed)


def test_bytes_that_are_no_text_are_no_address() -> None:
    with pytest.raises(AddressError):
        read_mailbox("\udcff@example.org")
