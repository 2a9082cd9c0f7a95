"""Nobody gets a redirect that was not signed; what was signed arrives byte for byte."""

from itertools import product

import pytest

from postlude.edge.location import location
from postlude.tokens import Kind, Urls

from .conftest import CODEC, COPY, MESSAGE, RunningEdge

EVIL = (
    "https://evil.example/",
    "//evil.example/",
    "///evil.example",
    "\\\\evil.example",
    "/\\evil.example",
    "https:evil.example",
    "https:/evil.example",
    "http:\\\\evil.example",
    "https://shop.example@evil.example/",
    "https://shop.example%40evil.example/",
    "https://shop.example.evil.example/a",
    "https://evil.example#shop.example",
    "https://evil.example?shop.example",
    "https://shop.example\r\nLocation: https://evil.example",
    "https://shop.example%0d%0aLocation:%20https://evil.example",
    "javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "\thttps://evil.example",
    "https://evil\u3002example",
    "https://[::ffff:1.2.3.4]/",
    "http://2130706433/",
    "https://shop.example/a?b=c&d=%2F#end/../../evil.example",
)
SPELLINGS = (
    "{mac}/{raw}",
    "{mac}/{quoted}",
    "{mac}/{twice}",
    "{mac}/{good}{raw}",
    "{mac}/{good}%00{raw}",
    "{mac}/{good}/{raw}",
    "{mac}//{raw}",
    "{mac}/{good}?next={raw}",
    "{mac}?url={raw}",
    "2.AAAAAAAAAAA/{quoted}",
    "3{mac}/{quoted}",
)


def _quote(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


async def test_no_trick_opens_the_redirect(endpoint: RunningEdge) -> None:
    mac, good = endpoint.link.split("/", 4)[3:]
    tried = 0
    for evil, spelling in product(EVIL, SPELLINGS):
        quoted = _quote(evil)
        raw = evil.replace(" ", "%20").replace("\r", "%0d").replace("\n", "%0a").replace("\t", "%09")
        tail = spelling.format(mac=mac, good=good, raw=raw, quoted=quoted, twice=quoted.replace("%", "%25"))
        for target in (f"/l/{endpoint.token}/{tail}", f"/l/{tail}", f"//{raw}", f"/{raw}"):
            answer = await endpoint.get(target.encode().decode("latin-1"))
            where = answer.headers.get("location", "")
            assert where in {"", "https://shop.example/a?b=c&d=%2F#end"}, target
            assert "refresh" not in answer.headers
            assert b"http-equiv" not in answer.body
            tried += 1
    assert tried > 900


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "ftp://x.example/",
        "https://",
        "https:///path",
        "https://a@b@host.example/",
        "https://a\tb@host.example/",
        "https://a\\@b.example/",
        "https://shop.example\r\nX: y",
        "https://shop.example/\x00",
        "https://shop.example/\x85",
        "https://-/",
        "/relative",
        "",
    ],
)
async def test_a_signed_destination_no_browser_should_see_is_refused(endpoint: RunningEdge, url: str) -> None:
    assert location(url) is None
    urls = Urls(CODEC, "", Kind.MESSAGE, MESSAGE)
    answer = await endpoint.get(urls.token(COPY).join(urls.link(1, url)))
    assert answer.status == 404
    assert "location" not in answer.headers


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://a.example?x=1", "https://a.example?x=1"),
        ("https://user:pass%21@bücher.example/", "https://user:pass%21@xn--bcher-kva.example/"),
        ("https://a.example/a|b[]=1;2&&c=&c=%2F+%20", "https://a.example/a|b[]=1;2&&c=&c=%2F+%20"),
        ("HTTP://A.example:8080/%7e", "HTTP://A.example:8080/%7e"),
        ("https://a.example/é?q=ü#ß", "https://a.example/%C3%A9?q=%C3%BC#%C3%9F"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://straße.example:81/", "https://xn--strae-oqa.example:81/"),
        ('https://a.example/a b"c<d>', "https://a.example/a%20b%22c%3Cd%3E"),
        ("https://a.example/\U0001f600", "https://a.example/%F0%9F%98%80"),
        ("https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"),
        ("https://a.example/?u=https://b.example/?v=%2541", "https://a.example/?u=https://b.example/?v=%2541"),
    ],
)
def test_destinations_keep_their_bytes(url: str, expected: str) -> None:
    assert location(url) == expected.encode()
