"""The new text of a reply that has only HTML."""

import pytest

from postlude.feedback.html_text import text_of_html
from postlude.feedback.mime import read
from postlude.feedback.quote import new_text


def answer(html: str, kind: str = "html") -> str:
    return new_text(read(f"Content-Type: text/{kind}; charset=utf-8\n\n{html}".encode()))


WROTE = "On Mon, 2 Apr 2012 at 18:26, Bob &lt;<a href='mailto:bob@customer.test'>bob@customer.test</a>&gt; wrote:"
HEADERS = "<b>From:</b> Bob &lt;bob@customer.test&gt;<br><b>Sent:</b> Monday, 2 April 2012<br><b>Subject:</b> Offer<br>"


@pytest.mark.parametrize(
    "quote",
    [
        f'<div class="gmail_quote"><div class="gmail_attr">{WROTE}</div><blockquote>Shall I?</blockquote></div>',
        f'<div class="moz-cite-prefix">{WROTE}</div><blockquote type="cite"><p>Shall I?</p></blockquote>',
        f'<div class="yahoo_quoted"><div>{WROTE}</div><div>Shall I?</div></div>',
        f'<div class="protonmail_quote">{WROTE}<br><blockquote>Shall I?</blockquote></div>',
        f'<hr><div id="divRplyFwdMsg">{HEADERS}</div><div>Shall I?</div>',
        f'<div id="appendonsend"></div><hr>{HEADERS}<p>Shall I?</p>',
        f'<div style="border:none;border-top:solid #E1E1E1 1.0pt"><p>{HEADERS}</p></div><p>Shall I?</p>',
        f'<hr id="stopSpelling">{HEADERS}Shall I?',
        f'<div class="OutlookMessageHeader">{HEADERS}</div><div>Shall I?</div>',
        f"<blockquote>{WROTE}<br>Shall I?</blockquote>",
        "<blockquote>Shall I?",
    ],
)
def test_what_the_mail_programs_quote_goes(quote: str) -> None:
    assert answer(f"<html><body><div>Yes, please.</div><br>{quote}</body></html>") == "Yes, please."


def test_answers_between_quotations_are_kept() -> None:
    html = (
        f'<div class="gmail_quote"><div>{WROTE}</div><blockquote>One?</blockquote><div>First.</div>'
        "<blockquote>Two?</blockquote><div>Second.</div></div>"
    )
    assert answer(html).split() == ["First.", "Second."]


@pytest.mark.parametrize(
    "html",
    [
        "<style>p > a { color: red }</style><p>Yes, <b>please</b>.</p>",
        "<!-- <p>hidden</p> --><p>Yes, please.</p><script>1 < 2</script>",
        '<a title="a > b" href="mailto:x@y.test"></a><p>Yes, please.',
        "<!DOCTYPE html><html><head><title>x</title></head><body>Yes, please.</body>",
        "<o:p></o:p><p class=MsoNormal>Yes, please.<o:p>&nbsp;</o:p></p>",
        "<p>Yes, please.</p><img src='cid:1@x'><unclosed",
    ],
)
def test_markup_is_never_shown(html: str) -> None:
    assert answer(html) == "Yes, please."


def test_signs_that_are_no_markup_are_kept() -> None:
    assert answer("<p>1 &lt; 2 and 3 < 4, I <3 it &amp; you</p>") == "1 < 2 and 3 < 4, I <3 it & you"


def test_html_that_calls_itself_plain_is_read_as_html() -> None:
    assert answer("<html><body><p>Yes, please.</p></body></html>", kind="plain") == "Yes, please."


def test_html_is_read_where_the_plain_text_is_blank() -> None:
    raw = (
        "Content-Type: multipart/alternative; boundary=abcdefghij\n\n--abcdefghij\nContent-Type: text/plain\n\n \n\n"
        "--abcdefghij\nContent-Type: text/html\n\n<p>Yes, please.</p>\n--abcdefghij--\n"
    )
    assert new_text(read(raw.encode())) == "Yes, please."


def test_a_quotation_within_a_quotation_ends_with_the_outer_one() -> None:
    assert text_of_html("a<blockquote>b<blockquote>c</blockquote>d</blockquote>e").split() == [
        "a",
        ">",
        "b",
        ">>",
        "c",
        ">",
        "d",
        "e",
    ]


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ('<p title="a > b">x</p>y', "x\ny"),
        ("<p title='5\" disk'>x</p>y", "x\ny"),
        ('<p title="it\'s">x</p>y', "x\ny"),
        ("<p title=it's>x</p>y", "x\ny"),
        ("<p", ""),
        ("a < b and c > d", "a < b and c > d"),
        ("<!-- <p> -->x", "x"),
        ("<P CLASS=a/>x<BR/>y", "x\ny"),
    ],
)
def test_a_tag_ends_where_browsers_end_it(html: str, text: str) -> None:
    assert text_of_html(html, marks=False) == text
