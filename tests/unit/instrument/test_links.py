"""Which links are tracked, which are not and why, and what they become: one case a trap."""

import pytest

from mails.minting import OTHER, link, pixel
from mails.minting import html as track_html
from postlude.instrument import LinkReason, Policy
from postlude.instrument.entities import decode_entities
from postlude.instrument.report import LinkReport

HREF = '<a href="{}">here</a>'


def only(html: str, policy: Policy | None = None) -> LinkReport:
    _, (one,) = track_html(html, policy)
    return one


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("https://x.example/?a=1&amp;b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/?a=1&b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/?a&#x3D;1&#038;b=2", "https://x.example/?a=1&b=2"),
        ("https://x.example/?a&#61;1", "https://x.example/?a=1"),
        ("https://x.example/?a&equals;1", "https://x.example/?a=1"),
        ("https://x.example/?a=1&copy=2&reg=3&section=4&lt=5", "https://x.example/?a=1&copy=2&reg=3&section=4&lt=5"),
        ("https://x.example/?a=1&amp;copy=2", "https://x.example/?a=1&copy=2"),
        ("https://x.example/&copy", "https://x.example/©"),
        ("https://x.example/&copy;x", "https://x.example/©x"),
        ("https://x.example/&amp;amp;", "https://x.example/&amp;"),
        ("https://x.example/&amp;lt;", "https://x.example/&lt;"),
        ("  https://x.example/a \n", "https://x.example/a"),
        ("ht\ntps://x.exa\tmple/a", "https://x.example/a"),
        ("HTTPS://X.example/A", "HTTPS://X.example/A"),
        ("https://x.example/a b", "https://x.example/a b"),
        ("https://x.example/?q=%2F+%20;[]|{x", "https://x.example/?q=%2F+%20;[]|{x"),
        ("https://x.example/?&&b=&b=&a", "https://x.example/?&&b=&b=&a"),
        ("https://x.example/?q=%E3%81%82%20x%20", "https://x.example/?q=%E3%81%82%20x%20"),
        ("https://x.example/?next=https://y.example/?href=z", "https://x.example/?next=https://y.example/?href=z"),
        ("https://bücher.example/ä?q=ü#ö", "https://bücher.example/ä?q=ü#ö"),
        ("https://x.example/🎉#🎉", "https://x.example/🎉#🎉"),
        ("https://x.example/it's", "https://x.example/it's"),
        ("https://x.example:8443/", "https://x.example:8443/"),
        ("https://[2001:db8::1]/", "https://[2001:db8::1]/"),
        ("http://x.example", "http://x.example"),
        ("https://x.example?q", "https://x.example?q"),
    ],
)
def test_tracked(written: str, url: str) -> None:
    tracked, (one,) = track_html(HREF.format(written))
    assert one.url == url
    assert one.tracked is True
    assert one.reason == LinkReason.NONE
    assert tracked.startswith(HREF.format(link(0, url)).encode())


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("", LinkReason.EMPTY),
        ("  ", LinkReason.EMPTY),
        ("#top", LinkReason.ANCHOR),
        ("mailto:a@example.org", LinkReason.SCHEME),
        ("tel:+123", LinkReason.SCHEME),
        ("sms:+123", LinkReason.SCHEME),
        ("geo:1,2", LinkReason.SCHEME),
        ("data:text/html,x", LinkReason.SCHEME),
        ("cid:1@x", LinkReason.SCHEME),
        ("javascript:void(0)", LinkReason.SCHEME),
        ("java\nscript:alert(1)", LinkReason.SCHEME),
        ("myapp://open", LinkReason.SCHEME),
        ("ftp://x.example/", LinkReason.SCHEME),
        ("/path", LinkReason.RELATIVE),
        ("page.html", LinkReason.RELATIVE),
        ("//x.example/a", LinkReason.RELATIVE),
        ("\0https://x.example/a", LinkReason.RELATIVE),
        ("?q=1", LinkReason.RELATIVE),
        ("http://", LinkReason.BAD_URL),
        ("https:///path", LinkReason.BAD_URL),
        ("https:x.example", LinkReason.BAD_URL),
        ("https://x.example\\@y.example/", LinkReason.BAD_URL),
        ("https://x y/", LinkReason.BAD_URL),
        ("https://x.example:port/", LinkReason.BAD_URL),
        ("https://x.example/\x01b", LinkReason.BAD_URL),
        ("https://x%2eexample/", LinkReason.BAD_URL),
        ("{{ url }}", LinkReason.PLACEHOLDER),
        ("https://x.example/{{id}}", LinkReason.PLACEHOLDER),
        ("https://x.example/{% if a %}", LinkReason.PLACEHOLDER),
        ("https://x.example/${id}", LinkReason.PLACEHOLDER),
        ("https://x.example/#{id}", LinkReason.PLACEHOLDER),
        ("https://x.example/{id}", LinkReason.PLACEHOLDER),
        ("*|LINK|*", LinkReason.PLACEHOLDER),
        ("%%link%%", LinkReason.PLACEHOLDER),
        ("https://x.example/%name%", LinkReason.PLACEHOLDER),
        ("&lt;%= url %&gt;", LinkReason.PLACEHOLDER),
        ("https://x.example/unsubscribe?u=1", LinkReason.UNSUBSCRIBE),
        ("https://x.example/opt-out", LinkReason.UNSUBSCRIBE),
    ],
)
def test_left_alone(written: str, reason: LinkReason) -> None:
    html = HREF.format(written)
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert one.tracked is False
    assert one.reason == reason
    assert tracked.decode() == html


def test_an_option_is_not_an_opt_out() -> None:
    assert only(HREF.format("https://x.example/opt-outdoor/options")).tracked


@pytest.mark.parametrize(
    "label", ["Unsubscribe", "click here to unsubscribe", "Abmelden", "Se désinscrire", "配信停止"]
)
def test_a_label_can_say_that_it_ends_a_subscription(label: str) -> None:
    assert only(f'<a href="https://x.example/1">{label}</a>').reason is LinkReason.UNSUBSCRIBE


@pytest.mark.parametrize(
    "html",
    [
        '<link rel=stylesheet href="https://x.example/">',
        '<base href="https://x.example/">',
        '<form action="https://x.example/"><button formaction="https://x.example/">x</button></form>',
        '<img src="https://x.example/a.png">',
        '<a data-href="https://x.example/">x</a>',
        '<a name="top">x</a>',
        '<svg><a xlink:href="https://x.example/">x</a></svg>',
        '<!-- <a href="https://x.example/">x</a> -->',
        '<script>"<a href=https://x.example/>"</script>',
        "<style><a href=https://x.example/></style>",
        "<title><a href=https://x.example/></title>",
        "<textarea><a href=https://x.example/></textarea>",
        '<p title="<a href=https://x.example/>">',
        "<? <a href=https://x.example/> ?>",
        '<svg><![CDATA[<a href="https://x.example/">]]></svg>',
    ],
)
def test_no_link(html: str) -> None:
    tracked, links = track_html(html, Policy(opens=False))
    assert tracked.decode() == html
    assert links == []


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("<a href=https://x.example/a>t</a>", "<a href={}>t</a>"),
        ("<a href=https://x.example/a/>t</a>", None),
        ("<A HREF='https://x.example/a'>t</A>", "<A HREF='{}'>t</A>"),
        ('<a title="a > b" href="https://x.example/a">t</a>', '<a title="a > b" href="{}">t</a>'),
        ('<a class="b"href="https://x.example/a">t</a>', '<a class="b"href="{}">t</a>'),
        ('<a href = "https://x.example/a">t</a>', '<a href = "{}">t</a>'),
        (
            '<a href="https://x.example/a" href="https://y.example/">t</a>',
            '<a href="{}" href="https://y.example/">t</a>',
        ),
        ('<area href="https://x.example/a" alt="x">', '<area href="{}" alt="x">'),
        ('<v:rect href="https://x.example/a">t</v:rect>', '<v:rect href="{}">t</v:rect>'),
        ("<style>p</style ><a href='https://x.example/a'>t</a>", "<style>p</style ><a href='{}'>t</a>"),
    ],
)
def test_only_the_value_changes(html: str, expected: str | None) -> None:
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert one.tracked
    expected = expected or html.replace(one.url, "{}")
    assert tracked.decode() == expected.format(link(0, one.url))


TWINS = (
    '<!--[if mso]><v:roundrect href="{0}" x="1"><center>Go</center></v:roundrect><![endif]-->'
    '<![if !mso]><a href="{0}">Go</a><![endif]>'
)


def test_outlook_shares_the_link_of_its_twin() -> None:
    tracked, links = track_html(TWINS.format("https://x.example/?a=1&amp;b=2"), Policy(opens=False))
    assert [(one.position, one.url, one.where) for one in links] == [(0, "https://x.example/?a=1&b=2", "html")]
    assert tracked.decode() == TWINS.format(link(0, "https://x.example/?a=1&b=2"))


def test_two_buttons_to_one_place_are_two_links_each_with_its_twin() -> None:
    tracked, links = track_html(TWINS.format("https://x.example/") * 2, Policy(opens=False))
    assert [one.position for one in links] == [0, 1]
    assert tracked.decode() == "".join(TWINS.format(link(n, "https://x.example/")) for n in (0, 1))


def test_what_only_outlook_shows_is_a_link_of_its_own() -> None:
    html = '<!--[if mso]><a href="https://x.example/">Go</a><![endif]-->'
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert one.tracked is True
    assert one.where == "outlook"
    assert tracked.decode() == html.replace("https://x.example/", link(0, "https://x.example/"))


def test_an_untracked_twin_leaves_outlooks_link_alone() -> None:
    html = TWINS.format("https://x.example/")
    tracked, _ = track_html(html, Policy(opens=False, positions=frozenset({0})))
    assert tracked.decode() == html


@pytest.mark.parametrize(
    "mark",
    [
        "clicktracking=off",
        'clicktracking="off"',
        'data-msys-clicktrack="0"',
        'mautic:disable-tracking="true"',
        "mautic:disable-tracking",
        'data-track="false"',
        "ses:no-track",
        "mc:disable-tracking",
        "autotrack='false'",
        "CLICKTRACKING=OFF",
    ],
)
def test_the_peers_opt_out_attributes_stay_and_are_obeyed(mark: str) -> None:
    html = f'<a {mark} href="https://x.example/">x</a>'
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert one.reason is LinkReason.OPTED_OUT
    assert tracked.decode() == html


@pytest.mark.parametrize("mark", ['data-track="true"', "clicktracking=on", 'data-msys-clicktrack="1"'])
def test_a_mark_that_says_on(mark: str) -> None:
    assert only(f'<a href="https://x.example/" {mark}>x</a>').tracked


@pytest.mark.parametrize("scheme", ["https", "http", "HTTPS"])
def test_the_no_track_scheme_is_made_an_ordinary_one(scheme: str) -> None:
    tracked, (one,) = track_html(HREF.format(f"{scheme}+notrack://x.example/?a&amp;b"), Policy(opens=False))
    assert one.url == f"{scheme}://x.example/?a&b"
    assert one.reason == LinkReason.OPTED_OUT
    assert tracked.decode() == HREF.format(f"{scheme}://x.example/?a&amp;b")


@pytest.mark.parametrize(
    ("html", "expected", "reasons"),
    [
        ('<a data-postlude="off" href="https://x.example/">x</a>', '<a href="https://x.example/">x</a>', ["opted_out"]),
        ('<a href="https://x.example/" data-postlude=off>x</a>', '<a href="https://x.example/">x</a>', ["opted_out"]),
        ("<A DATA-POSTLUDE=OFF HREF=https://x.example/>x</A>", "<A HREF=https://x.example/>x</A>", ["opted_out"]),
        (
            '<div data-postlude="off"><div><a href="https://x.example/">x</a></div><a href="https://y.example/">y</a></div>',
            '<div><div><a href="https://x.example/">x</a></div><a href="https://y.example/">y</a></div>',
            ["opted_out", "opted_out"],
        ),
        ('<p data-postlude="off">x</p><a href="">x</a>', '<p>x</p><a href="">x</a>', ["empty"]),
        ("<td class='a' data-postlude='off' id='b'></td>", "<td class='a' id='b'></td>", []),
        ('<img data-postlude="off"/><a href="#a">x</a>', '<img/><a href="#a">x</a>', ["anchor"]),
        ('<style data-postlude="off"></style><a href="#a">x</a>', '<style></style><a href="#a">x</a>', ["anchor"]),
        ('<p title="data-postlude=off"></p>', '<p title="data-postlude=off"></p>', []),
        ("<p>data-postlude=off</p>", "<p>data-postlude=off</p>", []),
        (
            '<!--[if mso]><v:rect data-postlude="off" href="https://x.example/"></v:rect><![endif]-->',
            '<!--[if mso]><v:rect href="https://x.example/"></v:rect><![endif]-->',
            ["opted_out"],
        ),
    ],
)  # fmt: skip
def test_our_mark_is_obeyed_and_taken_out(html: str, expected: str, reasons: list[str]) -> None:
    tracked, links = track_html(html, Policy(opens=False))
    assert tracked.decode() == expected
    assert [str(one.reason) for one in links] == reasons


def test_behind_the_marked_element_links_are_tracked_again() -> None:
    html = '<div data-postlude="off"><br><a href="https://x.example/">x</a></div><a href="https://y.example/">y</a>'
    _, links = track_html(html)
    assert [one.tracked for one in links] == [False, True]


def test_our_mark_says_off_or_nothing() -> None:
    html = '<a data-postlude="on" href="https://x.example/">x</a>'
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert one.tracked
    assert b"data-postlude" not in tracked


@pytest.mark.parametrize(
    ("label", "url", "reason"),
    [
        ("https://x.example/a", "https://x.example/a", LinkReason.TEXT_SHOWS_HOST),
        ("www.x.example", "https://x.example/a", LinkReason.TEXT_SHOWS_HOST),
        ("x.example", "https://www.x.example/a", LinkReason.TEXT_SHOWS_HOST),
        ("<b>https://</b>y.example/", "https://x.example/a", LinkReason.TEXT_SHOWS_HOST),
        ("https://sender.example/a", "https://x.example/a", LinkReason.NONE),
        ("https://www.sender.example/a", "https://www.sender.example/a", LinkReason.NONE),
        ("node.js", "https://x.example/a", LinkReason.NONE),
        ("Read on at x.example", "https://x.example/a", LinkReason.NONE),
    ],
)
def test_text_that_shows_another_host(label: str, url: str, reason: LinkReason) -> None:
    html = f'<a href="{url}">{label}</a>'
    assert only(html).reason is reason
    assert only(html, Policy(visible_urls=True)).tracked


@pytest.mark.parametrize(
    ("exclude", "url", "tracked"),
    [
        (("x.example",), "https://x.example/", False),
        (("x.example",), "https://www.X.example/", False),
        (("*.x.example",), "https://www.x.example/", False),
        (("x.example",), "https://notx.example/", True),
        (("x.example",), "https://x.example.org/", True),
        (("https://x.example/a",), "https://x.example/a/b", False),
        (("https://x.example/a",), "https://x.example/b", True),
        (("https://x.example/A",), "https://x.example/a", True),
        (("HTTPS://X.example/a",), "https://x.example/a", False),
        (("x.example/a",), "http://x.example/a?b", False),
        (("x.example/a",), "http://y.example/?x.example/a", True),
        ((" ", "x.example "), "http://x.example/", False),
    ],
)
def test_exclusion_list(exclude: tuple[str, ...], url: str, *, tracked: bool) -> None:
    one = only(HREF.format(url), Policy(exclude=exclude))
    assert one.tracked == tracked
    assert one.reason == (LinkReason.NONE if tracked else LinkReason.EXCLUDED)


def test_single_links_by_position() -> None:
    html = HREF.format("https://x.example/1") + HREF.format("mailto:a@b.example") + HREF.format("https://x.example/3")
    _, links = track_html(html, Policy(positions=frozenset({2})))
    assert [(one.position, one.reason) for one in links] == [(0, ""), (1, "scheme"), (2, "excluded")]


def test_positions_do_not_depend_on_the_policy() -> None:
    html = "".join(HREF.format(f"https://x.example/{n}") for n in range(4))
    for policy in (Policy(), Policy(clicks=False), Policy(exclude=("x.example",)), Policy(opens=False)):
        assert [one.position for one in track_html(html, policy)[1]] == [0, 1, 2, 3]


def test_hosts_that_open_an_app() -> None:
    policy = Policy(universal_hosts=("shop.example",))
    assert only(HREF.format("https://www.shop.example/"), policy).reason is LinkReason.UNIVERSAL_LINK


def test_clicks_off() -> None:
    html = HREF.format("https://x.example/")
    tracked, (one,) = track_html(html, Policy(clicks=False, opens=False))
    assert tracked.decode() == html
    assert one.reason == LinkReason.CLICKS_OFF


def test_a_url_that_would_not_fit_a_request_line() -> None:
    assert only(HREF.format("https://x.example/" + "a" * 8000)).reason is LinkReason.TOO_LONG


def test_own_links_of_this_message_stay() -> None:
    html = HREF.format(link(0, "https://x.example/"))
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert tracked.decode() == html
    assert one.url == "https://x.example/"
    assert one.reason == LinkReason.ALREADY_TRACKED


@pytest.mark.parametrize("policy", [Policy(opens=False), Policy(opens=False, clicks=False)])
def test_quoted_links_of_ours_are_unwrapped(policy: Policy) -> None:
    html = "<blockquote>" + HREF.format(link(3, "https://x.example/?a=1&b=2", OTHER)) + "</blockquote>"
    tracked, (one,) = track_html(html, policy)
    assert one.url == "https://x.example/?a=1&b=2"
    assert one.reason == LinkReason.QUOTED
    assert tracked.decode() == html.replace(
        link(3, "https://x.example/?a=1&b=2", OTHER), "https://x.example/?a=1&amp;b=2"
    )


@pytest.mark.parametrize(
    "image",
    [
        '<img src="{}">',
        '<IMG alt="" width=1 SRC={} >',
        "<img src='{}'/>",
        '<img src="https://ci3.googleusercontent.com/meips/ABC=s0-d-e1-ft#{}">',
    ],
)
def test_quoted_pixels_of_ours_are_removed(image: str) -> None:
    html = "<blockquote>a" + image.format(pixel(OTHER)) + 'b<img src="https://x.example/photo.jpg"></blockquote>'
    tracked, _ = track_html(html, Policy(opens=False))
    assert tracked.decode() == '<blockquote>ab<img src="https://x.example/photo.jpg"></blockquote>'


def test_forged_links_are_nobodys() -> None:
    forged = link(0, "https://x.example/").replace("x.example", "evil.example")
    tracked, (one,) = track_html(HREF.format(forged), Policy(opens=False, visible_urls=True))
    assert one.url == forged
    assert one.tracked
    assert link(0, forged).encode() in tracked


def test_bytes_that_are_no_text_stay() -> None:
    html = b'<a href="https://x.example/\xff">x</a>'
    tracked, (one,) = track_html(html, Policy(opens=False))
    assert tracked == html
    assert one.reason == LinkReason.UNDECODABLE


def test_a_query_is_encoded_in_the_charset_of_its_page() -> None:
    html = '<a href="https://x.example/ä?q=ä#ä">x</a>'.encode("windows-1252")
    _, (one,) = track_html(html, charset="windows-1252")
    assert one.url == "https://x.example/ä?q=%E4#ä"


@pytest.mark.parametrize(
    ("inside", "label"),
    [
        ("Read <b>on</b>\n now", "Read on now"),
        ("one<br>two", "one two"),
        ("&Auml;pfel &amp; B", "Äpfel & B"),
        ('<img src="a.png" alt="The shop">', "The shop"),
        ("<style>a{}</style>x", "x"),
        ("a" * 300, "a" * 199 + "…"),
    ],
)
def test_label(inside: str, label: str) -> None:
    assert only(f'<a href="https://x.example/">{inside}</a>').label == label


@pytest.mark.parametrize(
    ("reference", "reported"),
    [
        ("&#16;", "\x10"), ("&#x80;", "€"), ("&#x81;", "\x81"), ("&#0;", "\ufffd"), ("&#xD800;", "\ufffd"),
        ("&#x110000;", "\ufffd"), ("&#0000000000000065", "A"), ("&#" + "9" * 5000 + ";", "\ufffd"), ("&#x1F389;", "🎉"),
        ("&#;", "&#;"), ("&#x;", "&#x;"), ("&nosuch;", "&nosuch;"), ("&notit;", "&notit;"), ("&ngE;", "≧̸"),
    ],
)  # fmt: skip
def test_character_references(reference: str, reported: str) -> None:
    assert decode_entities(f"a{reference}b") == f"a{reported}b"


def test_a_title_with_an_endless_reference() -> None:
    assert only(f'<a href="https://x.example/" title="&#{"9" * 9000};"></a>').tracked


def test_label_of_a_link_without_text() -> None:
    assert only('<a href="https://x.example/" title=" The &lt;\n shop"></a>').label == "The < shop"


def test_links_stay_short() -> None:
    url = "https://x.example/a"
    assert len(link(0, url)) - len(url) <= 36 + 11 + len("https://mail.sender.example/l/" + "/0." + "/") + 8
