"""Inlining style sheets: what an attribute can say goes there, everything else stays in the style element."""

import re
from contextlib import suppress

import pytest

from postlude.compose import TemplateError, html_with_inline_css
from support.processor import bounded_processor_time

PAGE = (
    '<html><head><style>{}</style></head><body class="body"><div class="card"><p>Hi</p>'
    '<a class="btn" href="https://x.example/">Go</a></div></body></html>'
)


def inlined(css: str, page: str = PAGE) -> str:
    return html_with_inline_css(page.replace("{}", css))


def sheet(html: str) -> str:
    """All that is left in style elements, without blanks."""
    return "".join(re.sub(r"\s", "", each) for each in re.findall(r"<style[^>]*>(.*?)</style>", html, re.DOTALL))


def style(html: str, tag: str) -> str:
    found = re.search(rf'<{tag}\b[^>]*?style="([^"]*)"', html)
    return found[1] if found else ""


@pytest.mark.parametrize(
    "rule",
    [
        ".btn:hover{color:red!important}",
        "a:visited{color:#551a8b}",
        "a:active,a:focus{color:red}",
        "#outlook a{padding:0}",
        ".ExternalClass,.ExternalClassp{line-height:100%}",
        ".ReadMsgBody{width:100%}",
        "a[x-apple-data-detectors]{color:inherit!important}",
        "u+.body.gmail-fix{display:none!important}",
        "[data-ogsc].btn{color:#000!important}",
        "[data-ogsb].card{background-color:#222!important}",
        "#MessageViewBodya{color:inherit}",
        '.card::after{content:"}"}',
        ".card:before{content:'{'}",
        "a:not(:hover){color:red}",
        "p::selection{color:red}",
        '@font-endpoint{font-family:"Brand";src:url(https://cdn.example/brand.woff2)}',
        "@media(max-width:600px){.card{width:100%!important}}",
        "@media(prefers-color-scheme:dark){.card:hover{background:#111!important}}",
        "@supports(display:grid){.card{display:grid}}",
        "@keyframesspin{from{top:0}to{top:1px}}",
        ".card{&:hover{color:red}}",
        ".a\\:b{color:red}",
    ],
)
def test_what_cannot_be_inlined_stays(rule: str) -> None:
    made = inlined("p{margin:0}" + rule + ".btn{color:#fff}")
    assert rule.replace(" ", "") in sheet(made).replace(";}", "}")
    assert style(made, "p") == "margin: 0;"
    assert style(made, "a") == "color: #fff;"


def test_nothing_stays_twice() -> None:
    made = inlined("p, .btn, .btn:hover { color: red } h1, p:first-child { top: 0 }")
    assert sheet(made).replace(";}", "}") == ".btn:hover{color:red}h1{top:0}"
    assert style(made, "p") == "color: red;top: 0;"
    assert style(made, "a") == "color: red;"


def test_a_sheet_of_which_nothing_is_left_goes() -> None:
    assert "<style" not in inlined("p { margin: 0 }")


def test_the_order_of_what_stays_is_kept() -> None:
    made = inlined("@media print{p{top:0}} .x{top:1px} .x:hover{top:2px} @media screen{p{top:3px}} .y{top:4px}")
    assert [int(each) for each in re.findall(r"top:(\d)", sheet(made))] == [0, 1, 2, 3, 4]


@pytest.mark.parametrize("attribute", ['media="(max-width: 600px)"', 'media="print"', 'data-css-inline="ignore"'])
def test_a_sheet_for_some_readers_stays_whole(attribute: str) -> None:
    page = PAGE.replace("<style>", f"<style {attribute}>")
    assert inlined("p{margin:0}", page) == page.replace("{}", "p{margin:0}")


@pytest.mark.parametrize("attribute", ['media="screen"', 'type="text/css"', "media=all"])
def test_a_sheet_for_every_reader_is_inlined(attribute: str) -> None:
    made = inlined("p{margin:0}", PAGE.replace("<style>", f"<style {attribute}>"))
    assert style(made, "p") == "margin: 0;"


def test_a_sheet_that_is_to_be_kept_is_inlined_and_kept() -> None:
    made = inlined("p{margin:0}", PAGE.replace("<style>", '<style data-css-inline="keep">'))
    assert sheet(made) == "p{margin:0}"
    assert style(made, "p") == "margin: 0;"


def test_rules_in_old_comments_are_rules() -> None:
    made = inlined("<!-- p{margin:0} .btn:hover{color:red} -->")
    assert sheet(made) == ".btn:hover{color:red}"
    assert style(made, "p") == "margin: 0;"


def test_template_blocks_stay_around_their_rules() -> None:
    css = "p{margin:0} {% if contact.dark %}.btn{color:red}{% else %}.btn{color:blue}{% endif %} .card{top:0}"
    made = inlined(css)
    assert sheet(made) == "{%ifcontact.dark%}.btn{color:red}{%else%}.btn{color:blue}{%endif%}"
    assert style(made, "p") == "margin: 0;"
    assert style(made, "div") == "top: 0;"
    assert style(made, "a") == ""


def test_a_block_among_declarations_keeps_its_rule_in_the_sheet() -> None:
    rule = ".btn{ {% if contact.dark %}color:red;{% endif %} }"
    assert sheet(inlined(rule)) == re.sub(r"\s", "", rule)


def test_a_field_in_a_declaration_is_inlined() -> None:
    assert style(inlined(".btn{color:{{ contact.color }}}"), "a") == "color: {{ contact.color }};"


def test_a_class_that_the_template_makes_keeps_the_rules() -> None:
    page = PAGE.replace('class="btn"', 'class="btn {{ contact.kind }}"')
    made = inlined(".btn{color:red} .gold{color:gold}", page)
    assert sheet(made) == ".btn{color:red}.gold{color:gold}"
    assert style(made, "a") == "color: red;"


def test_conditions_of_outlook_stay_as_they_are() -> None:
    kept = (
        "<!--[if mso]><style>.btn{color:red}</style>{% if contact.a %}<table><tr><td>{% endif %}<![endif]-->",
        "<!--[if !mso]><!--><b>x</b><!--<![endif]-->",
        "<!--[if !mso]> <!-- --><i>x</i><!-- <![endif]-->",
        "<![if !mso]><u>x</u><![endif]>",
        "<!-- don't --><s>it's</s>",
    )
    made = inlined("p{margin:0}", PAGE.replace("<p>", "".join(kept) + "<p>"))
    assert "".join(kept) in made


def test_the_word_that_holds_the_place_of_code_is_refused() -> None:
    with pytest.raises(TemplateError, match="use another word"):
        inlined("p{}", "<p>jnjplaceholder00000x</p>{{ contact.a }}")


@pytest.mark.parametrize(
    "unit", [".a:hover{top:0}", "/*", "/* */", "a,", "(", "{", "}", '"', "{{ contact.a }}", "<!--", "<a "]
)
def test_large_sheets_take_no_longer_than_their_size(unit: str) -> None:
    with bounded_processor_time(), suppress(TemplateError):
        inlined(unit * (50_000 // len(unit)))
