"""Templates whose author wants too much, composed for a page."""

from collections.abc import Iterator

import pytest

from postlude.compose import (
    CampaignTemplate,
    Missing,
    MissingFieldError,
    TemplateError,
    compile_campaign,
    html_with_inline_css,
)
from postlude.instrument import Policy
from postlude.kit.bounded_child import BoundedChildren
from postlude.mail.bodies import read_bodies
from postlude.services.campaigns import bounded_compose
from postlude.services.campaigns.bounded_compose import MessageUrls, bounded, decide_template, examine_template, sample
from postlude.tokens import KeyRing, Kind, Prefixes, TokenCodec, Urls
from servers import greedy

PLACE = MessageUrls(7, "https://t.example.org", Prefixes())
PLAIN = Policy(opens=False, clicks=False)
ENDLESS = "{% for i in range(99999) %}{% for j in range(99999) %}{% endfor %}{% endfor %}"
ADA = {"contact": {"email": "ada@example.org", "first_name": "Ada"}, "campaign": {"name": "x", "id": "1"}}


def template(html: str, subject: str = "Hello") -> CampaignTemplate:
    return CampaignTemplate(sender="a@example.org", subject=subject, html=html)


@pytest.fixture(autouse=True, scope="module")
def short() -> Iterator[None]:
    """Two seconds and 300 MB. A child that no test ended works for the next."""
    made = BoundedChildren(seconds=2, memory_bytes=300 << 20)
    deciding = BoundedChildren(seconds=2, memory_bytes=300 << 20, result_bytes=bounded_compose.DECIDED_BYTES)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bounded_compose, "_CHILDREN", made)
        patch.setattr(bounded_compose, "_DECIDING", deciding)
        yield
    made.close()
    deciding.close()


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A third of a second, for what has no end."""
    made = BoundedChildren(seconds=0.3, memory_bytes=300 << 20)
    monkeypatch.setattr(bounded_compose, "_CHILDREN", made)
    yield
    made.close()


def test_a_copy_is_composed() -> None:
    made = sample(template("<p>{{ contact.first_name }}</p>", "For {{ contact.first_name }}"), PLAIN, PLACE, ADA)
    assert read_bodies(made.message).html == "<p>Ada</p>\r\n"
    assert made.subject == "For Ada"


def test_links_and_fields_are_told() -> None:
    found = examine_template(template('<a href="https://x.example/">{{ contact.city }}</a>'), Policy(), PLACE)
    assert [link.url for link in found.links] == ["https://x.example/"]
    assert found.fields == ("contact.city",)


def test_errors_are_those_of_composing_here() -> None:
    with pytest.raises(TemplateError, match="HTML, line 1"):
        examine_template(template("{% if %}"), Policy(), PLACE)
    strict = CampaignTemplate(sender="a@example.org", subject="x", text="{{ contact.city }}", missing=Missing.FAIL)
    with pytest.raises(MissingFieldError) as raised:
        sample(strict, Policy(), PLACE, ADA)
    assert raised.value.path == "contact.city"


@pytest.mark.parametrize(
    "code",
    [
        ENDLESS,
        "{% macro f(n) %}{{ f(n - 1) if n }}{{ f(n - 1) if n }}{% endmacro %}{{ f(90) }}",
        "{% for x in range(1000) recursive %}{{ loop(range(1000)) }}{% endfor %}",
        "{{ 'a' * 10**10 }}",
        "{{ 'a'|center(10**10) }}",
        "{{ 'a'.rjust(10**10) }}",
        "{{ '%10000000000d'|format(1) }}",
        "{{ '%10000000000d' % 1 }}",
        "{{ '{:10000000000}'.format(1) }}",
        "{{ ('a' * 10**6).replace('a', 'b' * 10**5) }}",
        "{{ range(99999)|join('x' * 10**6) }}",
        "{{ ('a ' * 10**6)|wordwrap(1) }}",
        "{{ ('http://x.example ' * 10**6)|urlize }}",
        "{{ 9**(9**9) }}",
        "{% set ns = namespace(x='a') %}{% for i in range(60) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
        "{{ [[0] * 10**6] * 10**6 }}",
        "{{ range(99999)|map('string')|map('center', 10**6)|list }}",
    ],
)
@pytest.mark.usefixtures("hasty")
def test_a_template_that_wants_too_much_is_refused_and_gone(code: str) -> None:
    with pytest.raises(TemplateError):
        sample(template(f"<p>{code}</p>"), Policy(), PLACE, ADA)


@pytest.mark.usefixtures("hasty")
def test_a_style_sheet_of_thousands_of_rules_is_refused() -> None:
    rules = "".join(f"p:not(.c{n}) span{{color:red}}" for n in range(20_000))
    html = f"<style>{rules}</style>" + "<p class=c1><span>x</span></p>" * 5_000
    with pytest.raises(TemplateError, match="style sheet: it takes more than"):
        bounded("style sheet", html_with_inline_css, html)


def test_the_next_preview_works_after_one_that_was_ended() -> None:
    with pytest.raises(TemplateError):
        sample(
            template(ENDLESS),
            Policy(),
            PLACE,
            ADA,
        )
    assert sample(template("x"), Policy(), PLACE, ADA).subject == "Hello"


def test_previews_start_no_process_each() -> None:
    sample(template("x"), Policy(), PLACE, ADA)
    child = bounded("template", greedy.pid)
    for _ in range(10):
        sample(template("x"), Policy(), PLACE, ADA)
    assert bounded("template", greedy.pid) == child


URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.CAMPAIGN, 7)


@pytest.mark.parametrize(
    "html",
    [
        "{% for i in range(3) %}<a href='https://x.example/{{ i }}'>{{ contact.first_name }}</a>{% endfor %}",
        "<a href='{{ unsubscribe_url }}'>{{ contact.first_name ~ '!' }}</a>{{ subject }}",
        "{% set who = contact.first_name|default('friend') %}{{ who }}",
    ],
)
def test_a_copy_whose_logic_ran_elsewhere_is_the_same(html: str) -> None:
    compiled = compile_campaign(template(html, "For {{ contact.first_name ~ '.' }}"), Policy(headers=False), URLS)
    assert not compiled.cheap
    decided = decide_template(compiled.recipe, ADA)
    tokens = URLS.tokens(5)
    for _ in range(3):  # what copies share is made from the second one on
        assert compiled.render(tokens, ADA, b"", decided) == compiled.render_one(tokens, ADA)


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("{% if contact.bomb %}" + ENDLESS + "{% endif %}", "more than"),
        ("{% if contact.bomb %}{{ contact.bomb * 10**9 }}{% endif %}", "memory"),
        ("{% if contact.bomb %}{{ contact.bomb * 1000 }}{% endif %}", "far larger"),
        ("{% if contact.bomb %}{% for i in range(9999) %}{{ contact.bomb }}{% endfor %}{% endif %}", "far larger"),
    ],
)
def test_what_only_one_contact_brings_about_ends_as_well(code: str, why: str) -> None:
    compiled = compile_campaign(template(f"<p>{code}</p>"), Policy(headers=False), URLS)
    assert decide_template(compiled.recipe, ADA).skeletons[0].startswith("<p>")
    with pytest.raises(TemplateError, match=why):
        decide_template(compiled.recipe, {"contact": ADA["contact"] | {"bomb": "b" * 9_999}})
    assert decide_template(compiled.recipe, ADA).subject == "Hello"
