"""The newcomer's way, with nothing but a browser: sign in, write, be the reader, and watch the message page change."""

from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from servers.pair import BOB, CHARLIE
from servers.postlude import Postlude
from servers.shop import Shop

DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
READING_MS = 2200  # a click sooner than two seconds after the mail left is rightly suspected
DORA, EMIL = "dora@hidden.test", "emil@customer.test"


@pytest.fixture
def newcomer(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(user_agent=DESKTOP)
    context.set_default_timeout(30_000)
    yield context.new_page()
    context.close()


def test_the_newcomers_way(postlude: Callable[..., Postlude], newcomer: Page, shop: Shop) -> None:
    running = postlude(real=True)
    newcomer.goto(running.printed_link())
    compose(newcomer, shop)
    watch = newcomer  # stays on the message page and is never reloaded
    watch.evaluate("window.neverReloaded = true")
    for recipient in (BOB, CHARLIE, DORA, EMIL):
        expect(copy_of(watch, recipient)).to_contain_text("delivered")

    reader = newcomer.context.new_page()
    open_mail(reader, running, BOB)
    expect(copy_of(watch, BOB)).to_contain_text("1 open")
    click_second_link(reader, shop)
    expect(copy_of(watch, BOB)).to_contain_text("1 click")
    reader.get_by_role("button", name="Reply").click()
    expect(copy_of(watch, BOB)).to_contain_text("replied")
    expect(copy_of(watch, BOB)).to_contain_text("1 open")  # answering does not open the mail again

    for recipient, button, words in (
        (CHARLIE, "Mark as spam", "marked as spam"),
        (DORA, "Bounce", "bounced"),
        (EMIL, "Unsubscribe", "unsubscribed"),
    ):
        open_mail(reader, running, recipient)
        reader.get_by_role("button", name=button).click()
        expect(reader.locator(".notice.good")).to_be_visible()
        expect(copy_of(watch, recipient)).to_contain_text(words)

    for kind in ("opened", "clicked", "replied", "complained", "bounced", "unsubscribed"):
        expect(watch.locator(f".event-{kind}").first).to_be_visible()
    assert watch.evaluate("window.neverReloaded") is True


def compose(page: Page, shop: Shop) -> None:
    page.get_by_role("link", name="Compose").first.click()
    page.get_by_label("To", exact=True).fill(f"{BOB}, {CHARLIE}")
    page.get_by_label("Cc", exact=True).fill(DORA)
    page.get_by_label("Bcc", exact=True).fill(EMIL)
    page.get_by_label("Subject").fill("Hello from the sandbox")
    page.locator("#body").fill(f"See the [prices]({shop.url('/prices')}) and the [terms]({shop.url('/terms')}).")
    expect(page.locator(".finger-list li")).to_have_count(2)  # the links, each with its switch
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("heading", name="Hello from the sandbox")).to_be_visible()


def copy_of(page: Page, recipient: str) -> Locator:
    """The recipient's line on the message page."""
    return page.locator(".copy", has_text=recipient)


def open_mail(page: Page, running: Postlude, recipient: str) -> None:
    """From the mailbox list into the letter, its pixel loaded."""
    page.goto(f"{running.web_url}/mailbox")
    with page.expect_response(lambda response: "/i/" in response.url):
        page.locator(".mails li", has_text=recipient).click()


def click_second_link(page: Page, shop: Shop) -> None:
    page.wait_for_timeout(READING_MS)
    with page.expect_popup() as opened:
        page.frame_locator("iframe.mail").get_by_role("link", name="terms").click()
    opened.value.wait_for_url("**/terms")
    opened.value.close()
    assert shop.visits == ["/terms"]
