"""The page over many campaigns, and campaigns side by side."""

from typing import TYPE_CHECKING

import pytest

from postlude.kit.ids import id_text
from support.past_campaigns import HOUR_US, past_campaign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page
    from starlette.testclient import TestClient

    from support.web_world import World


@pytest.fixture
def client(world: "World") -> "TestClient":
    """Alice has seven campaigns, Charlie one."""
    for number in range(6):
        done = {"opened": 12 + number, "clicked": 2, "bounced": 1}
        past_campaign(world.deps.store, world.alice.id, f"News {number}", (500 + 24 * number) * HOUR_US, 60, done)
    past_campaign(world.deps.store, world.alice.id, "Prize & more", 900 * HOUR_US, 60, {"opened": 55})
    past_campaign(world.deps.store, world.charlie.id, "Hers", 900 * HOUR_US, 60, {"opened": 5})
    return world.client(world.alice)


def test_every_campaign_of_ones_own_is_in_the_table(client: "TestClient") -> None:
    page = client.get("/campaigns/results").text
    assert "Prize &amp; more" in page
    assert "Hers" not in page
    assert "55 of 60" in page
    assert "▲ above usual" in page
    assert "Usual for you" in page


@pytest.mark.parametrize(
    ("query", "first"), [("sort=opened", "Prize"), ("sort=opened&up=1", "News 0"), ("sort=name&up=1", "News 0")]
)
def test_it_is_sorted_as_asked(client: "TestClient", query: str, first: str) -> None:
    page = client.get(f"/campaigns/results?{query}").text
    assert page.partition("<tbody>")[2].partition("Compare ")[2].startswith(first)


def test_a_part_of_a_name_finds(client: "TestClient") -> None:
    page = client.get("/campaigns/results?part=prize").text
    assert "News 1" not in page
    assert "Prize" in page


def test_an_unknown_column_is_not_found(client: "TestClient") -> None:
    assert client.get("/campaigns/results?sort=colour").status_code == 404


def test_chosen_ones_stand_side_by_side(world: "World", client: "TestClient") -> None:
    ids = [id_text(one.id) for one in world.deps.store.campaigns.of_user(world.alice.id)[:2]]
    page = client.get("/campaigns/compare?" + "&".join(f"campaign={one}" for one in ids)).text
    assert "points, 95 % certain" in page
    assert 'class="range"' in page


def test_another_users_campaign_is_not_compared(world: "World", client: "TestClient") -> None:
    [hers] = world.deps.store.campaigns.of_user(world.charlie.id)
    assert client.get(f"/campaigns/compare?campaign={id_text(hers.id)}").status_code == 404


def test_one_alone_is_refused_with_what_to_do(client: "TestClient") -> None:
    answer = client.get("/campaigns/compare")
    assert answer.status_code == 400
    assert "choose 2 to 6" in answer.text


def test_the_report_says_what_is_usual(world: "World", client: "TestClient") -> None:
    prize = world.deps.store.campaigns.of_user(world.alice.id)[0]
    page = client.get(f"/campaigns/{id_text(prize.id)}").text
    assert "▲ above" in page
    assert "Usual for you" in page


@pytest.fixture
def page(browser: "Browser", served: str, world: "World") -> "Iterator[Page]":
    page = browser.new_page(viewport={"width": 390, "height": 800})
    page.set_default_timeout(30_000)
    page.goto(f"{served}/sign-in/{world.token(world.alice)}")
    yield page
    page.close()


@pytest.mark.browser
def test_a_table_is_sorted_and_campaigns_are_chosen_on_a_phone(client: "TestClient", page: "Page", served: str) -> None:
    del client
    page.goto(f"{served}/campaigns/results")
    page.get_by_role("link", name="Opened").click()
    page.get_by_role("columnheader", name="Opened").and_(page.locator("[aria-sort=descending]")).wait_for()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"
    page.get_by_label("Compare Prize & more").check()
    page.get_by_label("Compare News 3").check()
    page.get_by_role("button", name="Compare").click()
    page.get_by_role("heading", name="Side by side").wait_for()
    assert page.locator("thead th a").all_inner_texts() == ["Prize & more", "News 3"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the screen"


@pytest.mark.browser
def test_an_hour_of_the_report_leads_to_a_mailing(
    world: "World", client: "TestClient", page: "Page", served: str
) -> None:
    del client
    prize = world.deps.store.campaigns.of_user(world.alice.id)[0]
    world.deps.store.contacts.add("p0@example.net", 1)
    page.goto(f"{served}/campaigns/{id_text(prize.id)}")
    page.get_by_text("As a table").first.click()
    page.get_by_role("link", name="Make a mailing", exact=True).first.click()
    page.get_by_role("status").get_by_text("p0@example.net").wait_for()
    page.get_by_role("button", name="Make a mailing").click()
    page.get_by_role("heading", name="Content").wait_for()
    assert "opened(campaign='Prize & more'" in page.locator("textarea[name=segment]").input_value()


@pytest.mark.browser
def test_an_unfolded_table_stays_so_when_the_report_changes(
    world: "World", client: "TestClient", page: "Page", served: str
) -> None:
    del client
    prize = world.deps.store.campaigns.of_user(world.alice.id)[0]
    page.goto(f"{served}/campaigns/{id_text(prize.id)}")
    page.wait_for_load_state("networkidle")
    page.get_by_text("As a table").first.click()
    page.evaluate("document.querySelector('[data-live]').dataset.before = 'yes'")
    page.evaluate("htmx.trigger(document.querySelector('[data-live]'), 'changed')")
    page.locator("[data-live][data-before]").wait_for(state="detached")
    assert page.get_by_role("link", name="Make a mailing", exact=True).first.is_visible()
