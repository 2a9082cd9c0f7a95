import re
from collections.abc import Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage, MIMEPart
from typing import Any

import pytest

from postlude.compose import (
    Attachment,
    CampaignTemplate,
    Missing,
    MissingFieldError,
    TemplateError,
    compile_campaign,
)
from postlude.instrument import Policy
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls
from support.present import present

CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
URLS = Urls(CODEC, "https://t.example.org", Kind.CAMPAIGN, 77)
ADA = {"contact": {"first_name": "Ada & Zoë", "id": "a/b", "url": "https://z.example/ü"}}


def template(*, subject: str = "Hi", **given: Any) -> CampaignTemplate:
    return CampaignTemplate(sender="Shop <news@example.org>", subject=subject, **given)


def rendered(given: CampaignTemplate, fields: Mapping[str, Mapping[str, object]] = ADA, copy: int = 5) -> EmailMessage:
    raw = compile_campaign(given, Policy(headers=False), URLS).render(
        URLS.tokens(copy), fields, b"To: a@example.com\r\n"
    )
    return message_from_bytes(raw, policy=policy.default)


def shown(part: MIMEPart | None) -> str:
    assert part is not None
    return str(part.get_content()).replace("\r\n", "\n")


def test_fields_are_escaped_in_html_and_nowhere_else() -> None:
    mail = rendered(
        template(
            subject="Hello {{ contact.first_name }}",
            html="<p>{{ contact.first_name }}</p>",
            text="Dear {{ contact.first_name }}\n",
        )
    )
    assert mail["subject"] == "Hello Ada & Zoë"
    assert "<p>Ada &amp; Zoë</p>" in shown(mail.get_body(("html",)))
    assert shown(mail.get_body(("plain",))) == "Dear Ada & Zoë\n"
    assert not mail.defects


def test_a_field_in_the_subject_cannot_begin_another_header() -> None:
    mail = rendered(
        template(subject="Hi {{ contact.first_name }}", text="x"), {"contact": {"first_name": "A\r\nBcc: b@c"}}
    )
    assert mail["subject"] == "Hi A Bcc: b@c"
    assert mail["bcc"] is None


def test_a_link_with_a_field_is_listed_by_its_template_and_leads_where_this_recipient_should_go() -> None:
    given = template(html='<a href="https://example.com/?id={{ contact.id|urlencode }}&amp;x=1">Go</a>')
    compiled = compile_campaign(given, Policy(headers=False), URLS)
    assert [(link.position, link.url, link.tracked) for link in compiled.links] == [
        (0, "https://example.com/?id={{ contact.id|urlencode }}&x=1", True)
    ]
    html = present(rendered(given).get_body(("html",))).get_content()
    own = URLS.recognise(html.partition('href="')[2].partition('"')[0])
    assert own is not None
    assert own.destination == "https://example.com/?id=a/b&x=1"
    assert own.position == 0
    assert own.ref.copy == 5


def test_our_own_pages_carry_the_copy_and_are_not_tracked() -> None:
    given = template(html='<a href="{{ unsubscribe_url }}">Leave</a>', text="Leave: {{ unsubscribe_url }}\n")
    compiled = compile_campaign(given, Policy(headers=False, text=True), URLS)
    assert {(link.url, link.reason) for link in compiled.links} == {("{{ unsubscribe_url }}", "own_page")}
    mail = rendered(given)
    url = shown(mail.get_body(("plain",))).strip().removeprefix("Leave: ")
    assert url in shown(mail.get_body(("html",)))
    assert present(URLS.recognise(url)).ref.copy == 5


@pytest.mark.parametrize("empty", [{}, {"company": ""}, {"company": None}, {"company": "  "}])
def test_an_empty_field_is_a_missing_one(empty: dict[str, object]) -> None:
    given = {
        "text": "{{ contact.company }}|{{ contact.company|default('you') }}|{% if contact.company %}yes{% endif %}\n"
    }
    fields = {"contact": empty}
    assert shown(rendered(template(**given), fields)) == "|you|\n"
    default = template(**given, missing=Missing.DEFAULT, defaults={"contact.company": "them"})
    assert shown(rendered(default, fields)) == "them|you|\n"
    with pytest.raises(MissingFieldError, match=r"contact\.company is empty"):
        rendered(template(**given, missing=Missing.FAIL), fields)


@pytest.mark.parametrize(
    ("text", "reported"),
    [
        ("a\n{{ contct.first_name }}", "text, line 2: nothing is called 'contct'; did you mean contact?"),
        ("a\n{% if contact.vip %}", "text, line 2: Unexpected end of template"),
        ("{% include 'other' %}", "text, line 1: a template cannot include another"),
    ],
)
def test_a_mistake_is_named_with_its_line(text: str, reported: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compile_campaign(template(text=text), Policy(), URLS)
    assert reported in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 9**99999 }}",
        "{{ (9**99999)|string|length }}",
        "{{ 1" + "0" * 5_000 + " }}",
        "{{ 0x" + "f" * 5_000 + " }}",
        "{{ " + "(" * 3_000 + "1" + ")" * 3_000 + " }}",
        "{{ 1" + "+1" * 20_000 + " }}",
        "{{ 'a'" + "|upper" * 5_000 + " }}",
        "{% for i in [1] %}" * 25 + "{% endfor %}" * 25,
        "{% if 1 %}" * 150 + "{% endif %}" * 150,
        "{% set x %}" * 300 + "{% endset %}" * 300,
        "{{ 1e999|int }}",
        "{{ 1/0 }}",
        "{{ {[]: 1} }}",
        "{% macro a(x=9**99999) %}{% endmacro %}",
    ],
    ids=lambda text: text[:16],
)
def test_what_another_layer_refuses_is_the_authors_mistake(text: str) -> None:
    """Nothing of it is a fault of ours: the preview and the checks say what is wrong."""
    with pytest.raises(TemplateError):
        rendered(template(text=text))


def test_half_a_character_is_left_out() -> None:
    assert shown(rendered(template(text="a{{ '\\ud800' }}b"))) == "ab\n"


def test_minified_style_sheets_are_no_comments() -> None:
    assert "print{#a{x:y}}" in rendered(template(html="<style>@media print{#a{x:y}}</style>x")).get_content()


def test_a_line_of_logic_alone_leaves_no_empty_line() -> None:
    text = "a\n{% if contact.first_name %}\nb {% if contact.x %}!{% endif %}\n  {% endif %}  \nc\n"
    assert shown(rendered(template(text=text))) == "a\nb \nc\n"


def test_templates_cannot_reach_python() -> None:
    with pytest.raises(TemplateError):
        rendered(template(text="{{ contact.__class__.__mro__ }}"))


def test_attachments_travel_with_every_copy() -> None:
    files = (
        Attachment(filename="Prospekt ä.pdf", content=b"%PDF" * 100, content_type="application/pdf"),
        Attachment(filename="logo.png", content=b"png", content_type="image/png", content_id="logo@example.org"),
    )
    mail = rendered(template(html='<img src="cid:logo@example.org">', text="x", attachments=files))
    assert mail.get_content_type() == "multipart/mixed"
    (attached,) = mail.iter_attachments()
    assert attached.get_filename() == "Prospekt ä.pdf"
    assert attached.get_content() == b"%PDF" * 100
    types = [part.get_content_type() for part in mail.walk()]
    assert types == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
    ]


@pytest.mark.parametrize(
    "address",
    [
        "{{ view_url }}?x={{ contact.id|urlencode }}",
        "{{ unsubscribe_url }}#top",
        "https://shop.example/?back={{ preferences_url|urlencode }}",
    ],
)
def test_no_tracked_link_leads_to_a_page_of_the_copy(address: str) -> None:
    given = template(html=f'<a href="{address}">Go</a> <a href="https://shop.example/">Shop</a>')
    html = shown(rendered(given).get_body(("html",)))
    tracked = [url for url in re.findall(r'href="([^"]+)"', html) if "/l/" in url]
    assert len(tracked) == 1
    assert URLS.act_token(5) not in tracked[0]
    assert URLS.act_token(5) in html
