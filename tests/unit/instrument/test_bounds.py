"""How much stands before, in or behind a link never changes what is made of it."""

from base64 import b64encode

import pytest

from mails.minting import EVERYTHING, html, link, pixel, track
from mails.written import mail, multipart, part
from postlude.instrument import LinkReason

pytestmark = pytest.mark.no_cover  # small mail reaches the same lines; tracing megabytes doubles what they cost

URL = "https://x.example/a"
LINK = f'<a href="{URL}">x</a>'
MANY = pytest.mark.parametrize("count", [10_000, 40_000])


UNITS = (
    "<td>", "<p a='1'>", "<!-- c -->", "<", "<a>", "<![if !mso]>", "<!--[if mso]><td><![endif]-->",
    "</td>", "<td>a</td>", "<TD CLASS=x>", "<custom-tag>", '<td width="1" style="a:b">', "<p/x>", "<!-->", "</>", "<1",
    "<!doctype html>", "<? x ?>", "&amp;", "<img>", "<area>", "</a>", "<a name=x>", "<svg></svg>", "<svg/>", "</svg>",
    "<template></template>", "<title></title>", "<style>a{}</style>", "<script></script>", "<v:rect>", "text ", "\n",
    "<!--[if mso]><b></b><![endif]-->",
)  # fmt: skip


@pytest.mark.parametrize(
    ("unit", "count"), [*((each, 10_000) for each in UNITS), *((each, 40_000) for each in UNITS[:7])]
)
def test_behind_many_of_anything_a_link_is_found_and_the_pixel_stands_at_the_end(unit: str, count: int) -> None:
    page = unit * count + LINK
    tracked, links = html(page)
    assert [one.url for one in links if one.url] == [URL]
    position = links[-1].position
    assert tracked.startswith((unit * count + LINK.replace(URL, link(position, URL))).encode())
    assert tracked.count(pixel().encode()) == 1
    assert html(tracked)[0] == tracked


@MANY
@pytest.mark.parametrize("unit", [' a="b"', " a", " a=b", " a='b'", " ", "/", "\n", " =x"])
def test_behind_many_attributes_of_one_tag_a_link_is_found(unit: str, count: int) -> None:
    for page in (f"<p{unit * count}>{LINK}", f"<a{unit * count} href='{URL}'>x</a>"):
        tracked, links = html(page)
        assert [one.url for one in links if one.tracked] == [URL]
        assert html(tracked)[0] == tracked


@MANY
def test_many_tags_in_a_conditional_comment_hide_no_link_in_it(count: int) -> None:
    page = f"<!--[if mso]>{'<td>' * count}{LINK}<![endif]-->"
    tracked, links = html(page)
    assert [(one.url, one.where) for one in links] == [(URL, "outlook")]
    assert html(tracked)[0] == tracked


@MANY
@pytest.mark.parametrize("unit", ["<b>", "<!-- c -->", "<b></b>", "&#8203;", "\n", "<img alt=''>"])
def test_the_word_that_ends_a_subscription_is_read_behind_much_markup(unit: str, count: int) -> None:
    _, (one,) = html(f'<a href="{URL}">{unit * count}Unsubscribe</a>')
    assert one.label == "Unsubscribe"
    assert one.reason == LinkReason.UNSUBSCRIBE


@MANY
def test_an_alternative_text_is_read_behind_many_images_without_one(count: int) -> None:
    _, (one,) = html(f'<a href="{URL}">{"<img src=x>" * count}<img alt="Abmelden"></a>')
    assert one.label == "Abmelden"
    assert one.reason == LinkReason.UNSUBSCRIBE


def test_a_hundred_thousand_links_are_tracked() -> None:
    _, links = html(LINK * 100_000)
    assert all(one.tracked for one in links)


@MANY
def test_a_url_behind_much_plain_text_is_found(count: int) -> None:
    for words in ("word ", "(", "_", "<", "https://", "x\r\n"):
        raw = mail(part((words * count + f" {URL} end").encode(), "text/plain", "base64"))
        assert [one.url for one in track(raw, EVERYTHING).links if one.tracked] == [URL]


@MANY
@pytest.mark.parametrize("newline", [b"\r\n", b"\n"])
@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_the_line_end_is_found_behind_a_long_first_line(encoding: str, newline: bytes, count: int) -> None:
    page = b"<p>" + b"a" * count + b"</p>" + newline + LINK.encode() * 40
    body = {"base64": b64encode(page) + newline, "quoted-printable": page.replace(b"=", b"=3D")}.get(encoding, page)
    head = part(b"", "text/html", encoding, newline)
    done = track(mail(head + body, newline))
    assert done.opens
    assert done.message.count(b"\n") == done.message.count(newline)
    assert done.message.count(b"\r") == newline.count(b"\r") * done.message.count(b"\n")


@pytest.mark.parametrize("encoding", ["8bit", "quoted-printable", "base64"])
def test_a_body_of_one_line_gets_the_line_ends_of_its_message(encoding: str) -> None:
    page = LINK.encode() * 12
    body = {"base64": b64encode(page), "quoted-printable": page.replace(b"=", b"=3D")}.get(encoding, page)
    done = track(mail(part(b"", "text/html", encoding, b"\n") + body, b"\n"))
    assert done.opens
    assert b"\r" not in done.message


@MANY
def test_a_delimiter_line_may_end_in_many_blanks(count: int) -> None:
    whole = multipart([part(LINK.encode(), "text/html")])
    raw = mail(whole.replace(b"--b1\r\n", b"--b1" + b" " * count + b"\r\n"))
    assert track(raw).opens
