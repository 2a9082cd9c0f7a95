import subprocess
import sys

import pytest

from postlude.compose import (
    CampaignTemplate,
    TemplateError,
    compile_campaign,
    html_from_mjml,
    html_with_inline_css,
    text_from_html,
)
from postlude.instrument import Policy
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.CAMPAIGN, 77)
HTML = """<html><head><title>{{ subject }}</title>
<style>p{color:red} @media (max-width:600px){p{color:blue}}</style></head><body>
<div style="display:none">hidden</div><h1>Big <b>News</b></h1>
<p>Hello {{ contact.first_name|default("you") }}, see <a href="https://example.com/a_b?x=1&amp;n={{ contact.id }}">our
shop</a> for 3*4=12. {% if contact.n > 3 and contact.m < 2 %}Really.{% endif %}</p>
<!--[if mso]><a href="https://example.com/mso">Outlook</a><![endif]--><![if !mso]><b>Web</b><![endif]>
<table>{% for one in contact.items %}<tr><td><img src="logo.png" alt="Logo"></td><td>{{ one }}</td></tr>
{% endfor %}</table>
<a href="https://example.com/">https://example.com</a> <a href="mailto:a@example.org">a@example.org</a>
<a href="{{ unsubscribe_url }}">Unsubscribe</a></body></html>"""


def test_the_text_says_what_the_html_says() -> None:
    assert text_from_html(HTML) == (
        'Big News\n\nHello {{ contact.first_name|default("you") }}, see our shop '
        "<https://example.com/a_b?x=1&n={{ contact.id }}> for 3*4=12. "
        "{% if contact.n > 3 and contact.m < 2 %}Really.{% endif %}\n\nWeb\n\n"
        "{% for one in contact.items %}\n\nLogo {{ one }}\n\n{% endfor %}\n\n"
        "https://example.com a@example.org Unsubscribe <{{ unsubscribe_url }}>\n"
    )


def test_styles_move_into_attributes_and_everything_else_stays() -> None:
    inlined = html_with_inline_css(HTML)
    assert '<p style="color: red;">Hello {{ contact.first_name|default("you") }}, see' in inlined
    assert "@media (max-width:600px){p{color:blue}}" in inlined
    for kept in (
        "{% if contact.n > 3 and contact.m < 2 %}",
        '<!--[if mso]><a href="https://example.com/mso">Outlook</a><![endif]--><![if !mso]><b>Web</b><![endif]>',
        "<title>{{ subject }}</title>",
        '<a href="{{ unsubscribe_url }}">',
        "<table>{% for one in contact.items %}",
    ):
        assert kept in inlined


MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-text>Hello {{ contact.first_name|default('you') }}</mj-text>"
    "<mj-raw>{% if contact.vip %}</mj-raw><mj-button href='https://example.com/{{ contact.id }}'>Go</mj-button>"
    "<mj-raw>{% endif %}</mj-raw></mj-column></mj-section></mj-body></mjml>"
)


def test_mjml_becomes_a_template_with_its_fields() -> None:
    html = html_from_mjml(MJML)
    given = CampaignTemplate(sender="a@example.org", subject="x", html=html, text=text_from_html(html))
    compiled = compile_campaign(given, Policy(headers=False), URLS)
    assert compiled.fields == ("contact.first_name", "contact.id", "contact.vip")
    assert ("https://example.com/{{ contact.id }}", "Go") in {(link.url, link.label) for link in compiled.links}


@pytest.mark.parametrize(
    ("before", "behind"),
    [
        ("<!--[if !mso]><!-->", "<!--<![endif]-->"),
        ("<!--[if !mso]> <!-- -->", "<!-- <![endif]-->"),
        (
            "<!--[if mso]><table><tr><td>{% if contact.vip %}<b>{% endif %}<![endif]-->",
            "<!--[if mso]></td><![endif]-->",
        ),
        ("<![if !mso]>", "<![endif]>"),
        ("<!-- don't <b> -->", "<!---->"),
        ("{# <!-- #}", "{% if contact.a < 2 %}--{% endif %}"),
    ],
)
def test_mjml_takes_conditions_of_outlook_in_raw_pieces(before: str, behind: str) -> None:
    text = "<mj-text>Hello {{ contact.first_name }}</mj-text>"
    html = html_from_mjml(
        MJML.replace("<mj-column>", f"<mj-column><mj-raw>{before}</mj-raw>{text}<mj-raw>{behind}</mj-raw>")
    )
    assert html.index(before) < html.index("Hello {{ contact.first_name }}") < html.rindex(behind)


@pytest.mark.parametrize(
    "source", ["<p>x", "<mjml><mj-body><mj-text>", "", "<mjml><mj-include path='/etc/passwd'/></mjml>"]
)
def test_what_is_no_mjml_is_refused(source: str) -> None:
    with pytest.raises(TemplateError, match=r"^MJML: "):
        html_from_mjml(source)


def test_nobody_pays_for_a_step_that_is_not_used() -> None:
    libraries = "('mjml', 'css_inline', 'html_to_markdown')"
    code = f"import sys, postlude.compose; print([each for each in {libraries} if each in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
