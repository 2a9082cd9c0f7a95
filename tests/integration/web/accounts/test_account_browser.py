"""Signing in as a person does it, in a browser: a password, a second step, a list of sessions."""

from base64 import b32decode
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from postlude.services.accounts.account_mail import password_link
from postlude.services.accounts.second_step import totp_code
from support.account_world import GOOD, second_step, with_password
from support.web_world import CLOCK, World

pytestmark = [pytest.mark.browser, pytest.mark.e2e]


@pytest.fixture
def complaints() -> list[str]:
    """Errors and warnings in the console of `page`."""
    return []


@pytest.fixture
def page(browser: Browser, served: str, complaints: list[str]) -> Iterator[Page]:
    def hear(message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    context = browser.new_context(base_url=served)
    page = context.new_page()
    page.on("console", hear)
    yield page
    context.close()


def _sign_in(page: Page, address: str) -> None:
    page.goto("/sign-in")
    page.get_by_label("Email address").fill(address)
    page.get_by_label("Password", exact=True).fill(GOOD)
    page.get_by_role("button", name="Sign in").click()


def test_an_invited_person_sets_a_password_and_comes_back(page: Page, world: World, complaints: list[str]) -> None:
    page.goto(password_link(world.deps.store, CLOCK, world.charlie, "", 60))
    page.get_by_label("New password").fill(GOOD)
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url("**/")
    page.get_by_role("button", name="Sign out").click()
    _sign_in(page, "charlie@example.org")
    expect(page.get_by_role("heading", name="Sent", exact=False).first).to_be_visible()
    assert complaints == []


def test_a_second_step_is_set_up_and_asked_for(page: Page, world: World, complaints: list[str]) -> None:
    bob = with_password(world)
    _sign_in(page, bob.address)
    page.goto("/account")
    page.locator("#second-step").get_by_label("Current password").fill(GOOD)
    page.get_by_role("button", name="Set up the second step").click()
    secret = b32decode(page.locator("#secret").inner_text())
    page.get_by_label("The code it shows now").fill(totp_code(secret, CLOCK.now() - 30_000_000))
    page.get_by_role("button", name="Turn the second step on").click()
    codes = page.locator("#recovery-codes").inner_text().split()
    assert len(codes) == 10
    page.get_by_role("button", name="Sign out", exact=True).click()
    _sign_in(page, bob.address)
    page.get_by_label("Code of your authenticator program").fill(codes[0])
    page.get_by_role("button", name="Continue").click()
    page.goto("/account")
    expect(page.locator("#second-step")).to_contain_text("9 recovery codes left")
    assert complaints == []


def test_another_browser_is_signed_out_from_here(page: Page, browser: Browser, served: str, world: World) -> None:
    bob = with_password(world)
    other = browser.new_page(user_agent="Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
    other.goto(f"{served}/sign-in/{world.token(bob)}")
    _sign_in(page, bob.address)
    page.goto("/account")
    page.get_by_role("button", name="Sign out Firefox").click()
    expect(page.locator("#sessions li")).to_have_count(1)
    other.goto(f"{served}/account")
    assert other.url == f"{served}/sign-in"
    other.close()


@pytest.mark.parametrize("width", [360, 1280])
def test_no_page_of_it_is_scrolled_sideways(page: Page, world: World, width: int) -> None:
    bob = with_password(world)
    second_step(world, bob)
    page.set_viewport_size({"width": width, "height": 800})
    for path in ("/sign-in", "/sign-in/forgot", password_link(world.deps.store, CLOCK, world.charlie, "", 60)):
        page.goto(path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    page.goto(f"/sign-in/{world.token(bob)}")
    page.goto("/account")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
