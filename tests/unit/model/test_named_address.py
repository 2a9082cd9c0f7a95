"""An address in a text, and those that only end like it."""

import pytest

from postlude.model.named_address import names_address, naming_pattern

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
