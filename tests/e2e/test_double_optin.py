"""Double opt-in, as the person who is asked sees it: a mail, a page, a button."""

from collections.abc import Callable

from playwright.sync_api import Browser, expect

from servers.postlude import Postlude
from servers.waiting import wait_for


def test_a_subscription_counts_after_the_button_in_the_mail(
    postlude: Callable[..., Postlude], browser: Browser
) -> None:
    running = postlude()
    page = browser.new_page()
    page.goto(running.printed_link())
    running.done("lists", "add", "News", "--consent-text", "Monthly news")
    running.done("contacts", "subscribe", "Dora <dora@hidden.test>", "News")

    def status() -> str:
        return str(running.run("contacts", "show", "dora@hidden.test", "--json").json["lists"][0]["status"])

    def received() -> bool:
        page.goto(f"{running.web_url}/mailbox")
        return page.locator(".mails li", has_text="dora@hidden.test").count() == 1

    wait_for("the confirmation mail", received)
    page.locator(".mails li", has_text="dora@hidden.test").click()
    link = page.frame_locator("iframe.mail").get_by_role("link", name="Yes, I want to receive it")
    page.goto(link.get_attribute("href") or "")
    expect(page.get_by_role("heading", name="Please confirm")).to_be_visible()
    assert status() == "pending"
    page.get_by_role("button", name="Yes, send them to me").click()
    expect(page.get_by_role("heading", name="You are subscribed")).to_be_visible()
    wait_for("the subscription", lambda: status() == "subscribed")
    told = running.run("contacts", "show", "dora@hidden.test", "--json").json
    assert told["proofs"][0]["how"] == "confirmed by mail"
    assert told["proofs"][0]["text"] == "Monthly news"
    page.close()
