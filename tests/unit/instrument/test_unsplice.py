"""The helper that takes our URLs out again notices every other change: a test of the tests."""

import pytest

from mails.minting import html, link, pixel
from mails.unsplice import DifferentError
from mails.unsplice import html as unsplice

PAGE = '<p>Café</p><a class="a" href="https://x.example/?a=1&amp;b=2" title="t">Go</a>\r\n</body> '


def test_what_we_did_is_taken_out() -> None:
    tracked, _ = html(PAGE)
    assert pixel().encode() in tracked
    assert unsplice(PAGE.encode(), tracked) == PAGE.encode()


@pytest.mark.parametrize(
    ("was", "became"),
    [
        ("Café", "Caf&eacute;"),
        ('class="a"', "class='a'"),
        ('class="a" ', ""),
        ('title="t"', 'title="t" '),
        ("\r\n", "\n"),
        ("</body> ", "</body>"),
        ("Go", "<b>Go</b>"),
        (link(0, "https://x.example/?a=1&b=2"), link(0, "https://x.example/?a=1&b=3")),
        (link(0, "https://x.example/?a=1&b=2"), link(0, "https://x.example/?a=1&amp;b=2")),
    ],
)
def test_anything_else_is_noticed(was: str, became: str) -> None:
    tracked = html(PAGE)[0].decode()
    assert was in tracked
    with pytest.raises(DifferentError):
        unsplice(PAGE.encode(), tracked.replace(was, became, 1).encode())
