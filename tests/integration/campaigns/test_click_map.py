"""The click map: counts stand at their links, whatever stands in the address, and nothing in it is live."""

import re

import pytest

from postlude.services.campaigns.click_map import ClickMap, by_variant, click_map
from postlude.services.campaigns.drafts import VariantContent, change_campaign
from postlude.services.campaigns.preview import someone
from postlude.services.campaigns.report import LinkLine
from postlude.tokens import DEAD_TOKEN

from .conftest import EDGE, World

HTML = (
    "<!doctype html><body><p>Dear {{ contact.first_name|default('friend') }}</p>"
    '<!--[if mso]><a href="https://shop.example/lamps?a=1&amp;b=2">Lamps</a><![endif]-->'
    '<p><a class=lamp href="https://shop.example/lamps?a=1&amp;b=2">Lamps</a></p>'
    "<p><a href=\"https://shop.example/for/{{ contact.first_name|default('all') }}\">For you</a></p>"
    "<p><a href=https://shop.example/wool>Wool</a></p>"
    '<p><a href="mailto:help@shop.example">Write to us</a></p>'
    '<a href="{{ unsubscribe_url }}">leave</a></body>'
)
MARK = re.compile(r'<a [^>]*href="([^"]*)"[^>]*><span[^>]*><span[^>]*>([^<]*)</span></span>')


def line(position: int, clicks: int, *, variant: str = "A", tracked: bool = True) -> LinkLine:
    return LinkLine(variant=variant, position=position, url="x", label="", tracked=tracked, clicks=clicks)


def mapped(world: World, html: str, *lines: LinkLine, text: str = "") -> ClickMap:
    made = world.draft()
    campaign = change_campaign(world.store, made.id, {}, {"A": VariantContent(html=html, text=text)})
    (variant,) = world.store.campaigns.variants(campaign.id)
    contact = someone(world.store, campaign, world.clock.now())
    return click_map(world.contents, campaign, variant, contact, lines)


def test_each_link_has_its_clicks_and_leads_straight_on(world: World) -> None:
    seen = mapped(world, HTML, line(0, 12), line(1, 4), line(2, 0))
    assert MARK.findall(seen.html) == [
        ("https://shop.example/lamps?a=1&amp;b=2", "12 · 75 %"),
        ("https://shop.example/for/Alice", "4 · 25 %"),
        ("https://shop.example/wool", "0"),
    ]


def test_the_copy_for_outlook_is_the_same_link(world: World) -> None:
    seen = mapped(world, HTML, line(0, 12))
    assert seen.html.count("12 · 100 %") == 1
    assert '<!--[if mso]><a href="https://shop.example/lamps?a=1&amp;b=2">Lamps</a><![endif]-->' in seen.html


def test_nothing_in_it_is_live(world: World) -> None:
    seen = mapped(world, HTML, line(0, 1), text="See https://shop.example/lamps")
    assert f"{EDGE}/l/" not in seen.html + seen.text
    assert f"{EDGE}/i/" not in seen.html
    assert set(re.findall(rf"{EDGE}/u/([^\"<\s]*)", seen.html)) <= {DEAD_TOKEN}


def test_what_best_was_clicked_stands_out(world: World) -> None:
    seen = mapped(world, HTML, line(0, 12), line(1, 5), line(2, 0))
    colours = re.findall(r"background:(#\w+);color", seen.html)
    assert len(set(colours)) == 3


@pytest.mark.parametrize("address", ["https://shop.example/a?b=1&c=%22%3E%3Cscript%3E", "https://shop.example/ü x"])
def test_an_address_stays_inside_its_quotes(world: World, address: str) -> None:
    seen = mapped(world, f'{{{{ unsubscribe_url }}}}<a href="{address}">x</a>', line(0, 1))
    assert "<script" not in seen.html
    assert len(MARK.findall(seen.html)) <= 1


def test_links_of_a_variant_stand_in_the_order_of_the_mail() -> None:
    lines = [line(3, 1), line(1, 2), line(0, 9, tracked=False), line(2, 3, variant="B")]
    found = by_variant(lines)
    assert {name: [one.position for one in some] for name, some in found.items()} == {"A": [1, 3], "B": [2]}


def test_a_mail_without_html_has_its_text(world: World) -> None:
    seen = mapped(world, "", line(0, 1), text="See https://shop.example/lamps or {{ unsubscribe_url }}")
    assert seen.html == ""
    assert "https://shop.example/lamps" in seen.text
