import threading
from typing import TYPE_CHECKING

import pytest

from postlude.services.ports import Outgoing
from servers.starts import Started

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, ConsoleMessage, Page, Route

    from support.web_world import World

pytestmark = [pytest.mark.browser, pytest.mark.e2e]

MAIL = (
    b"From: alice@example.org\r\nTo: bob@example.net\r\nSubject: Framed\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/related; boundary="b"\r\n\r\n--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n'
    b'<!doctype html><p id="p" style="color: rgb(1, 2, 3)">hello</p><img id="i" src="cid:pic@x">'
    b'<a id="a" href="%s/sign-in">link</a><script>document.title = "pwned"; parent.document.title = "pwned"</script>'
    b'<img src="x" onerror="document.body.id = 1">\r\n'
    b"--b\r\nContent-Type: image/gif\r\nContent-ID: <pic@x>\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7\r\n--b--\r\n"
)


@pytest.fixture
def complaints() -> list[str]:
    """Errors and warnings in the console of `page`."""
    return []


@pytest.fixture
def page(browser: "Browser", served: str, world: "World", complaints: list[str]) -> "Iterator[Page]":
    def hear(message: "ConsoleMessage") -> None:
        if message.type in {"error", "warning"}:
            complaints.append(message.text)

    page = browser.new_page()
    page.on("console", hear)
    page.goto(f"{served}/sign-in/{world.token(world.alice)}")
    yield page
    page.close()


def in_thread(work: object) -> None:
    """Run an async delivery beside playwright's own loop."""
    import asyncio  # noqa: PLC0415 - only here

    thread = threading.Thread(target=lambda: asyncio.run(work))  # type: ignore[arg-type]
    thread.start()
    thread.join()


def test_the_mailbox_updates_without_reload(page: "Page", served: str, world: "World", complaints: list[str]) -> None:
    page.goto(f"{served}/mailbox")
    page.evaluate("window.sameDocument = true")
    in_thread(world.outbox.send(Outgoing("", "bob@example.net", MAIL), Started()))
    world.changes.publish({1})
    page.get_by_text("Framed").wait_for(timeout=5000)
    assert page.evaluate("window.sameDocument")
    assert complaints == []


@pytest.mark.parametrize("path", ["**/events*", "**/mailbox*"], ids=["stream", "page"])
def test_what_a_live_page_was_refused_it_asks_for_again(page: "Page", served: str, world: "World", path: str) -> None:
    def refuse(route: "Route") -> None:
        if "/events" in route.request.url or "hx-request" in route.request.headers:
            route.fulfill(status=503, body="busy")
        else:
            route.continue_()

    page.route(path, refuse)
    with page.expect_response(lambda response: response.status == 503):
        page.goto(f"{served}/mailbox")
    page.evaluate("window.sameDocument = true")
    in_thread(world.outbox.send(Outgoing("", "bob@example.net", MAIL), Started()))
    page.unroute(path)
    page.get_by_text("Framed").wait_for()  # nothing is published: it comes with what is asked again
    assert page.evaluate("window.sameDocument")


def test_the_framed_mail_shows_images_and_links_and_runs_nothing(page: "Page", served: str, world: "World") -> None:
    in_thread(world.outbox.send(Outgoing("", "bob@example.net", MAIL.replace(b"%s", served.encode())), Started()))
    (mail,) = world.outbox.list()
    page.goto(f"{served}/mailbox/{mail.id}")
    frame = page.frame_locator("iframe.mail")
    assert frame.locator("#p").inner_text() == "hello"
    assert frame.locator("#p").evaluate("e => getComputedStyle(e).color") == "rgb(1, 2, 3)"
    assert frame.locator("#i").evaluate("e => e.complete && e.naturalWidth") == 1
    assert frame.locator("body").get_attribute("id") is None
    assert page.title() == "Framed · Postlude"
    with page.context.expect_page() as opened:
        frame.locator("#a").click()
    opened.value.wait_for_url("**/sign-in")
    assert opened.value.evaluate("window.opener") is None


@pytest.mark.parametrize("width", [961, 1024, 1152, 1200, 1280, 1920])
def test_the_header_is_one_row_on_a_desk(page: "Page", served: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{served}/unmatched")  # then every link is there
    middles = page.locator("header.top > *, header.top a, header.top button").evaluate_all(
        "all => all.map(e => e.getBoundingClientRect()).map(r => Math.round(r.top + r.height / 2))"
    )
    assert len(middles) > 10
    assert max(middles) - min(middles) <= 1
    heights = page.locator("header.top nav a").evaluate_all("all => all.map(e => Math.round(e.offsetHeight))")
    assert len(set(heights)) == 1  # no link breaks in two lines
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [360, 768, 960])
def test_a_narrow_page_is_not_scrolled_sideways(page: "Page", served: str, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{served}/unmatched")
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_the_finger_lists_links_while_typing(page: "Page", served: str, complaints: list[str]) -> None:
    page.goto(f"{served}/compose")
    page.fill("#body", "See [the plan](https://example.com/plan) and [the price](https://example.com/b)")
    page.get_by_text("the plan", exact=True).wait_for()
    switches = page.locator("input[name=track]")
    assert switches.count() == 2
    page.locator(".finger-list label").first.click()
    page.locator("#body").press("End")
    page.locator("#body").type(" and [the terms](https://example.com/c)", delay=5)
    page.locator(".finger-list li").nth(2).wait_for()
    assert [switches.nth(i).is_checked() for i in range(3)] == [False, True, True]
    assert complaints == []


def test_pages_work_with_the_keyboard_and_on_a_phone(page: "Page", served: str, complaints: list[str]) -> None:
    page.set_viewport_size({"width": 360, "height": 700})
    for path in (
        "/",
        "/compose",
        "/campaigns",
        "/preferences",
        "/mailbox",
        "/contacts",
        "/contacts/import",
        "/lists",
        "/suppressions",
    ):
        page.goto(served + path)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    assert complaints == []
