"""An address in a text, and those that only end like it."""

import base64
import re
import textwrap

import pytest

from postlude.model.named_address import may_name_pattern, names_address, naming_pattern, without_address

AN = "an@example.org"


@pytest.mark.parametrize(
    "text",
    [
        "an@example.org",
        "write to <AN@Example.ORG>.",
        "mailto:an@example.org?subject=x",
        '{"text": "hello\\nan@example.org"}',
        '{"text": "\\u003can@example.org"}',
        "=3Can@example.org=3E",
        "email=an@example.org&x=%3Can@example.org",
        "-an@example.org",
        " .an@example.org",
        "a, an@example.org, b",
    ],
)
def test_it_is_named(text: str) -> None:
    assert names_address(text, AN)


@pytest.mark.parametrize(
    "text",
    [
        "jan@example.org",
        "x.an@example.org",
        "x+an@example.org",
        "jo-an@example.org",
        "an@example.org.uk",
        "an@example.organic",
        "an@example.org-x",
        "an at example.org",
    ],
)
def test_another_is_named(text: str) -> None:
    assert not names_address(text, AN)


def test_both_spellings_of_a_domain_name_it() -> None:
    assert names_address("info@MÜNCHEN.example", "info@xn--mnchen-3ya.example")
    assert names_address("info@xn--mnchen-3ya.example", "info@münchen.example")


def test_it_is_replaced_where_it_is_named() -> None:
    assert naming_pattern(AN).sub("X", "jan@example.org, an@example.org") == "jan@example.org, X"


def _base64(text: str, *, wide: int = 0, urls: bool = False) -> str:
    found = (base64.urlsafe_b64encode if urls else base64.b64encode)(text.encode()).decode()
    return "\n".join(textwrap.wrap(found, wide)) if wide else found


BEFORE = ["", "x ", "xy ", "Hi Bob <", '{"to": "', "\u00fc\u00df "]
BEHIND = ["", "?", ", and more of it", ' "}']


@pytest.mark.parametrize("spelled", [AN, "An@Example.ORG"])
@pytest.mark.parametrize("behind", BEHIND)
@pytest.mark.parametrize("before", BEFORE)
def test_it_is_named_in_base64(before: str, behind: str, spelled: str) -> None:
    text = before + spelled + behind
    assert names_address(f"hello\r\n\r\n{_base64(text, wide=8)}\r\n", AN)
    assert names_address(f"hello\n{_base64(text)}", AN)
    assert names_address(f'<a href="https://shop.example/unsub/{_base64(text, urls=True).rstrip("=")}?x=1">', AN)
    assert names_address(f'<img src="data:text/plain;base64,{_base64(text)}">', AN)
    assert names_address(repr({"text": _base64(text, wide=12)}), AN)
    assert re.search(may_name_pattern(AN), _base64(text, wide=8))


@pytest.mark.parametrize("other", ["jan@example.org", "x+an@example.org", "an@example.org.uk", "an@example.organic"])
@pytest.mark.parametrize("before", BEFORE)
def test_another_is_named_in_base64(before: str, other: str) -> None:
    assert not names_address(f"hello\r\n\r\n{_base64(before + other, wide=8)}", AN)
    assert not names_address(_base64(before + other, urls=True), AN)


@pytest.mark.parametrize(
    "text",
    [
        "https://shop.example/?m=an%40example.org",
        "https://shop.example/?u=https%3A%2F%2Fx%2F%3Fm%3Dan%2540example%2Eorg",
        "an&#64;example.org",
        "an&#x40;example.org",
        '{"x": "an\\u0040example.org"}',
        "an=40example.org",
    ],
)
def test_it_is_named_with_its_signs_escaped(text: str) -> None:
    assert names_address(text, AN)
    assert not names_address(text, "n@example.org")
    assert "example" not in without_address(text.removeprefix("https://shop.example"), AN, "X")


def test_a_name_with_letters_beyond_ascii_is_found_in_any_form() -> None:
    mail = "jörg@münchen.example"
    for text in (mail.upper(), "m=j%C3%B6rg@m%C3%BCnchen.example", _base64(f"to {mail.upper()}"), _base64(mail)):
        assert names_address(text, "jörg@xn--mnchen-3ya.example")


def test_base64_that_names_it_is_replaced_whole_and_other_base64_stays() -> None:
    mine, others = _base64(f"Subject: a secret of {AN}, and more"), _base64("Subject: a secret of jan@example.org")
    assert without_address(f"one {mine} two {others} three {AN}", AN, "X") == f"one X two {others} three X"
    assert without_address(f"{mine}.{mine}", AN, "X") == "X.X"


def test_much_base64_is_looked_through_in_one_pass() -> None:
    """Where each place looked back over the whole run, this took minutes."""
    run = _base64(f"{AN} " * 20_000)
    assert without_address(f"a {run} b", AN, "X") == "a X b"
    assert not names_address(_base64(f"j{AN} " * 500), AN)
