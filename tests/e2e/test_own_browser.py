"""A user marks their own browser: their visits no longer count, those from other browsers do."""

import time
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from postlude.classify.rules import PROMPT_SECONDS
from servers.pair import BOB
from servers.postlude import Postlude
from servers.shop import Shop
from servers.waiting import wait_for

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"


@pytest.fixture
def owner(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(user_agent=DESKTOP)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_own_clicks_do_not_count_and_others_do(
    postlude: Callable[..., Postlude], owner: Page, browser: Browser, shop: Shop
) -> None:
    running = postlude()
    owner.goto(running.printed_link())
    link = send(owner, running, shop)

    mark(owner, running, "Mark this browser", "no longer count")
    assert [cookie["name"] for cookie in owner.context.cookies() if "browser" in str(cookie["name"])] == [
        "postlude-browser"
    ]
    visit(owner, link)
    mine = owner.locator(".event-clicked", has_text="you")
    owner.goto(running.web_url)
    owner.get_by_role("link", name="The prices").first.click()
    expect(mine).to_have_count(1)
    expect(owner.locator(".copy", has_text=BOB)).not_to_contain_text("1 click")

    stranger = browser.new_context(user_agent=DESKTOP)
    visit(stranger.new_page(), link)
    assert [one for one in stranger.cookies() if "postlude" in str(one["name"])] == []
    stranger.close()
    expect(owner.locator(".copy", has_text=BOB)).to_contain_text("1 click")

    watch = owner.url
    mark(owner, running, "Forget it", "count again")
    visit(owner, link)
    owner.goto(watch)
    expect(owner.locator(".copy", has_text=BOB)).to_contain_text("2 clicks")


@pytest.mark.parametrize("colleagues", ["count", "leave-out"])
def test_a_colleagues_click_is_told_apart_as_the_setting_says(
    postlude: Callable[..., Postlude], owner: Page, browser: Browser, shop: Shop, colleagues: str
) -> None:
    """Two people of one instance, each in a browser of their own that they marked."""
    running = postlude(colleagues=colleagues)
    owner.goto(running.printed_link())
    link = send(owner, running, shop)
    mark(owner, running, "Mark this browser", "no longer count")
    visit(owner, link)

    assert running.run("user", "add", "carol@team.test").code == 0
    context = browser.new_context(user_agent=DESKTOP)
    carol = context.new_page()
    carol.goto(running.run("sign-in", "carol@team.test").out.strip())
    mark(carol, running, "Mark this browser", "no longer count")
    visit(carol, link)
    context.close()

    owner.goto(running.web_url)
    owner.get_by_role("link", name="The prices").first.click()
    clicks = owner.locator(".event-clicked")
    expect(clicks).to_have_count(2)
    expect(clicks.filter(has_text="signed in here").filter(has_text="You loaded it yourself")).to_have_count(1)
    copy = owner.locator(".copy", has_text=BOB)
    if colleagues == "count":
        expect(copy).to_contain_text("1 click")
        return
    expect(clicks.filter(has_text="A colleague loaded it")).to_contain_text("by a colleague")
    expect(copy).not_to_contain_text("1 click")


def send(page: Page, running: Postlude, shop: Shop) -> str:
    """One mail; the tracked link in it."""
    page.get_by_role("link", name="Compose").first.click()
    page.get_by_label("To", exact=True).fill(BOB)
    page.get_by_label("Subject").fill("The prices")
    page.locator("#body").fill(f"See the [prices]({shop.url('/prices')}).")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".copy", has_text=BOB)).to_contain_text("delivered")
    page.goto(f"{running.web_url}/mailbox")
    page.locator(".mails li", has_text=BOB).click()
    delivered = time.monotonic()
    # Who clicks sooner is suspected to be a machine.
    wait_for("a person's first look", lambda: time.monotonic() - delivered > PROMPT_SECONDS, PROMPT_SECONDS + 5)
    href = page.frame_locator("iframe.mail").get_by_role("link", name="prices").get_attribute("href")
    assert href
    return href


def mark(page: Page, running: Postlude, button: str, told: str) -> None:
    page.goto(f"{running.web_url}/preferences")
    page.get_by_role("link", name=button).click()
    expect(page.locator("#browser .notice")).to_contain_text(told)


def visit(page: Page, link: str) -> None:
    page.goto(link)
    page.wait_for_url("**/prices")
