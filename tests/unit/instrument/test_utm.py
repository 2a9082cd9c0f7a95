from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postlude.instrument import Policy, find_links, instrument, utm_parameters
from postlude.instrument.utm import Utm
from postlude.model.errors import InputError
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

TEMPLATE = utm_parameters("utm_source=mail&utm_campaign={campaign}&utm_content={link_label}", campaign="Früh & spät")
UTM = Utm(TEMPLATE)
ADDED = "utm_source=mail&utm_campaign=Fr%C3%BCh%20%26%20sp%C3%A4t&utm_content=Buy%20%26%20go"


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("https://a.example", f"https://a.example/?{ADDED}"),
        ("https://a.example/", f"https://a.example/?{ADDED}"),
        ("https://a.example#f", f"https://a.example/?{ADDED}#f"),
        ("https://a.example/p?x=1#f?g=2", f"https://a.example/p?x=1&{ADDED}#f?g=2"),
        ("https://a.example/p?", f"https://a.example/p?{ADDED}"),
        ("https://a.example/p?x=1&", f"https://a.example/p?x=1&{ADDED}"),
        ("https://a.example?x", f"https://a.example?x&{ADDED}"),
        ("https://a.example/p?a[]=%2F;b=+&c=ä|", f"https://a.example/p?a[]=%2F;b=+&c=ä|&{ADDED}"),
        (
            "https://a.example/p?url=https://b.example/?utm_source=x",
            f"https://a.example/p?url=https://b.example/?utm_source=x&{ADDED}",
        ),
        ("https://a.example/#/route?x=1", f"https://a.example/?{ADDED}#/route?x=1"),
        ("https://[::1]:8080", f"https://[::1]:8080/?{ADDED}"),
    ],
)
def test_they_come_before_the_fragment_and_nothing_else_changes(url: str, wanted: str) -> None:
    assert UTM.add(url, "Buy & go", 3) == wanted


@pytest.mark.parametrize(
    "query", ["utm_source=own", "utm%5Fsource=own", "x=1&utm_source=", "utm_source", "x=1;utm_source=own"]
)
def test_what_is_there_is_never_overwritten(query: str) -> None:
    added = UTM.add(f"https://a.example/?{query}", "Buy", 0)
    assert added.startswith(f"https://a.example/?{query}&utm_campaign=")
    assert "utm_source=mail" not in added


@given(
    st.from_regex(r"https://[a-z]{1,8}\.example(/[ -~]{0,20})?", fullmatch=True),
    st.text(max_size=20),
    st.integers(0, 9),
)
def test_the_url_keeps_all_its_parts(url: str, label: str, position: int) -> None:
    added = UTM.add(url, label, position)
    before, hash_, fragment = url.partition("#")
    assert added.endswith(hash_ + fragment)
    assert added.removesuffix(hash_ + fragment).startswith(before)
    assert UTM.add(added, label, position) == added  # nothing twice
    if "#" not in url and ";" not in url:
        assert dict(parse_qsl(urlsplit(added).query))["utm_source"] is not None


def test_a_label_cannot_name_a_place() -> None:
    assert UTM.add("https://a.example/", "{host}{campaign}", 0).endswith("utm_content=%7Bhost%7D%7Bcampaign%7D")


def test_values_that_come_out_empty_are_left_out() -> None:
    assert (
        Utm(utm_parameters("utm_campaign={campaign}&utm_content={label}&utm_medium=mail")).add(
            "https://a.example/", "", 0
        )
        == "https://a.example/?utm_medium=mail"
    )


@pytest.mark.parametrize("template", ["utm_source", "=x", "{host}=x", "a={nonsense}"])
def test_a_template_that_is_none_is_refused(template: str) -> None:
    with pytest.raises(InputError):
        utm_parameters(template)


def test_they_are_added_whether_or_not_a_link_is_tracked() -> None:
    raw = (
        b'From: a@example.org\r\nContent-Type: text/html\r\n\r\n<a href="https://a.example/?x=1&amp;y=2">A</a>'
        b'<a href="https://b.example/" data-postlude="off">B</a><a href="mailto:a@example.org">M</a>'
    )
    urls = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.MESSAGE, 7)
    policy = Policy(opens=False, utm=(("utm_source", "mail"),))
    assert [(link.url, link.tracked) for link in find_links(raw, policy, urls)] == [
        ("https://a.example/?x=1&y=2&utm_source=mail", True),
        ("https://b.example/?utm_source=mail", False),
        ("mailto:a@example.org", False),
    ]
    untracked = instrument(raw, Policy(opens=False, clicks=False, utm=policy.utm), urls, urls.token(1)).message
    assert b'<a href="https://a.example/?x=1&amp;y=2&amp;utm_source=mail">A</a>' in untracked
    assert b'<a href="https://b.example/?utm_source=mail">B</a>' in untracked
