"""The scanner beside two independent tokenizers, on soup made of what real and hostile mail is made of."""

import re
from itertools import pairwise

from html5lib._tokenizer import HTMLTokenizer
from hypothesis import example, given
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser
from turbohtml import TokenType, tokenize

from mails.minting import EVERYTHING, html
from mails.unsplice import html as unsplice
from postlude.instrument import grammar
from postlude.instrument.anchors import text_of
from postlude.instrument.scanner import Scan

PIECES = (
    "<a", "<A ", "<area ", "</a>", "</a ", "<a href=", "<ab ", "<p ", "<td", "<img ", "<b>", "</b>", "</p\n",
    "<br/>", ' href="', " href='", " href=", "href", " HREF = ", ' title="', " x", "=", '"', "'", ">", "/", "/>",
    "<", "</", "<!", "https://x.example/", "&amp;", "&", "&copy=1", "&copy;", "&#x41;", "&lt", "a>b", "\n", "\t",
    " ", "\f", "é", "`", "\0", "<!--", "-->", "--!>", "<!-->", "<!--->", "--", "!", "-", "<?", "<!doctype html>",
    "<![if !mso]>", "<![endif]>", "<script>", "</script>", "<script ", "<style>", "</style>", "<title>", "</title >",
    "<textarea>", "</textarea>", "<xmp>", "</xmp>", "<iframe>", "</iframe/>", "<noembed>", "<noframes>",
    "<plaintext>", "</body>", "<body>", "<head>", '<a href="https://x.example/1">',
    '<a class="c" href="https://x.example/2" target="_blank">text</a>', "<table>", '<td width="1" style="a:b">',
    "<td width=1>", '<p a="1"b="2">', '<p ="1>">', '<p a= "1>">', "<p a='>'>", "<p/x>",
)  # fmt: skip
SOUP = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)
RAW = {
    **dict.fromkeys(("title", "textarea"), "rcdataState"),
    **dict.fromkeys(("style", "xmp", "iframe", "noembed", "noframes"), "rawtextState"),
    "script": "scriptDataState",
    "plaintext": "plaintextState",
}
Links = list[tuple[str, str | None]]


def ours(raw: bytes) -> Links:
    scan = Scan(raw)
    found: Links = []
    for tag in scan.links:
        if tag.name in {b"a", b"area"} and not tag.outlook:
            href = next((a for a in scan.attributes(tag) if a.name == b"href"), None)
            if tag.href is not None:
                assert href is not None
                assert tag.href == (href.value_start, href.value_end)
            found.append(
                (tag.name.decode(), None if href is None else reported(raw[href.value_start : href.value_end]))
            )
    return found


def reported(value: bytes) -> str:
    text = text_of(value, "utf-8")
    assert text is not None
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}")


def turbohtml(text: str) -> Links:
    return [
        (token.tag, next((value for name, value in token.attrs or () if name == "href"), None))
        for token in tokenize(text)
        if token.type is TokenType.START_TAG and token.tag in {"a", "area"}
    ]


def html5lib(text: str) -> Links:
    found: Links = []
    tokenizer = HTMLTokenizer(text)
    for token in tokenizer:
        if token["type"] != 3:
            continue
        if token["name"] in RAW:
            tokenizer.state = getattr(tokenizer, RAW[token["name"]])
        elif token["name"] in {"a", "area"}:
            found.append((token["name"], token["data"].get("href")))
    return found


@given(SOUP)
@example('<a b="c"d href="x">')
@example('<p ="a>"><a href=x>')
@example("<a href=x/>")
@example("<script><!--<script></script><a href=1>--></script><a href=2>")
def test_the_same_links_as_turbohtml(text: str) -> None:
    assert ours(text.encode()) == turbohtml(text)


@given(SOUP)
def test_the_same_links_as_html5lib(text: str) -> None:
    assert ours(text.encode()) == html5lib(text)


@given(SOUP)
def test_the_patterns_agree(text: str) -> None:
    raw = text.encode()
    few, some, every = (Scan(raw, pattern) for pattern in (grammar.FEW, grammar.SOME, grammar.ALL))
    for other in (some, every):
        assert [(t.name, t.start, t.end, t.outlook) for t in few.links] == [
            (t.name, t.start, t.end, t.outlook) for t in other.links
        ]
        assert few.body_open == other.body_open
        assert few.body_close == other.body_close
        assert few.head_close == other.head_close
        assert few.marker == other.marker
        assert few.inert_from == other.inert_from
        assert few.label_end == other.label_end
    assert [t.start for t in some.images] == [t.start for t in every.images]


@given(SOUP)
def test_nothing_else_changes_and_twice_is_once(text: str) -> None:
    raw = text.encode()
    tracked, links = html(raw, EVERYTHING)
    assert unsplice(raw, tracked) == raw
    again, seen = html(tracked, EVERYTHING)
    assert again == tracked
    assert [link.url for link in seen] == [link.url for link in links]
    assert all(one.position < other.position for one, other in pairwise(links))


@given(SOUP)
def test_a_browser_sees_the_pixel_and_no_other_text(text: str) -> None:
    raw = text.replace("\0", "").encode()
    tracked, _ = html(raw, EVERYTHING)
    before, after = LexborHTMLParser(raw), LexborHTMLParser(tracked)
    images = after.css('img[src^="https://mail.sender.example/i/"]')
    assert len(images) == 1
    # Elements are not compared: behind an `<a>` that nobody closed any image makes a browser repeat that element.
    assert visible(before) == visible(after)


def visible(tree: LexborHTMLParser) -> list[str]:
    return sorted(re.sub(r"\s+", "", tree.text() or ""))
