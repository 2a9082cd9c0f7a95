"""Take docs/images/*.png from the running demo: `python scripts/screenshots.py [FOLDER]`. No mail leaves."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, sync_playwright

ROOT = Path(__file__).parent.parent
POSTLUDE = Path(sys.executable).with_name("postlude")
MESSAGE, REPORT, DRAFT, READER = "The offer we talked about", "Wool or lamps?", "New year", "alice.meyer@example."
TALLEST = 1800
# Not the headless one, which is rightly taken for a machine.
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
BODY = """Hello,

the offer is ready: [see the three options](https://shop.example/offer?id=7) or read how we came to the price: \
https://shop.example/blog/prices.

Does Thursday suit you for a call?

Olivia"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local_only(route: Route) -> None:
    """Answer foreign hosts here: the links of the demo lead to names that do not exist."""
    if "//127.0.0.1" in route.request.url:
        route.continue_()
    else:
        route.fulfill(body="<title>shop</title>the page behind the link", content_type="text/html")


def shot(page: Page, path: Path) -> None:
    page.wait_for_load_state()
    page.wait_for_timeout(400)
    size = page.viewport_size
    assert size
    height = min(page.evaluate("document.documentElement.scrollHeight"), TALLEST)
    page.screenshot(path=path, full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": height})
    print(path)


def follow(page: Page, start: str, name: str, *, heading: str = "") -> None:
    """Open the page behind the first link called `name` on another page."""
    page.goto(start)
    page.get_by_role("link", name=name).first.click()
    page.get_by_role("heading", name=heading or name).first.wait_for()


def in_every_style(page: Page, base: str, folder: Path, suffix: str) -> None:
    for name, path in (("sent", "/"), ("mailbox", "/mailbox"), ("preferences", "/preferences")):
        page.goto(base + path)
        shot(page, folder / f"{name}{suffix}.png")
    follow(page, f"{base}/", MESSAGE, heading="Timeline")
    shot(page, folder / f"message{suffix}.png")


def once(page: Page, base: str, folder: Path) -> None:
    page.goto(f"{base}/contacts")
    shot(page, folder / "contacts.png")
    page.locator("a[href^='/contacts/'] >> visible=true").filter(has_text="@").first.click()
    page.get_by_role("heading", name="Who it is").wait_for()
    shot(page, folder / "contact.png")
    follow(page, f"{base}/campaigns", REPORT)
    shot(page, folder / "campaign.png")
    page.get_by_role("link", name="Where people clicked").click()
    page.frame_locator("iframe.mail").get_by_role("link").first.wait_for()
    shot(page, folder / "click-map.png")
    page.goto(f"{base}/campaigns")
    page.get_by_role("link", name=DRAFT).first.click()
    page.frame_locator("iframe[name=preview]").get_by_role("heading").wait_for()
    shot(page, folder / "campaign-draft.png")
    page.goto(f"{base}/compose")
    page.fill("[name=to]", "alice@example.net, bob@example.net, erin@example.net")
    page.fill("[name=subject]", MESSAGE)
    page.fill("#body", BODY)
    page.locator(".finger-list").wait_for()
    shot(page, folder / "compose.png")


def mail(page: Page, base: str, folder: Path) -> None:
    """Last: a mail that is looked at is opened."""
    page.goto(f"{base}/mailbox")
    page.get_by_role("link", name=re.compile(f"to {re.escape(READER)}")).first.click()
    page.locator("iframe.mail").wait_for()
    shot(page, folder / "mail.png")


def take(context: BrowserContext, link: str, folder: Path) -> None:
    base = link.partition("/sign-in/")[0]
    context.route("**/*", local_only)
    page = context.new_page()
    page.goto(link)
    once(page, base, folder)
    in_every_style(page, base, folder, "")
    page.emulate_media(color_scheme="dark")
    in_every_style(page, base, folder, "-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})
    in_every_style(page, base, folder, "-phone")
    page.set_viewport_size({"width": 1200, "height": 760})
    mail(page, base, folder)


@contextmanager
def up(env: dict[str, str]) -> Iterator[str]:
    """`postlude up`, and a link that signs in."""
    process = subprocess.Popen([POSTLUDE, "up"], env=env, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        next(line for line in process.stdout if "sign" in line and "in" in line)
        yield run(env, "sign-in").strip()
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(20)


def run(env: dict[str, str], *words: str) -> str:
    return subprocess.run([POSTLUDE, *words], env=env, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    ports = {f"POSTLUDE_{name}_PORT": str(free_port()) for name in ("WEB", "EDGE", "RELAY", "INBOUND")}
    with tempfile.TemporaryDirectory() as data, sync_playwright() as playwright:
        env = {**os.environ, **ports, "POSTLUDE_DATA": f"{data}/data", "POSTLUDE_OWNER": "olivia@shop.example"}
        browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])

        def context() -> BrowserContext:
            made = browser.new_context(viewport={"width": 1200, "height": 760}, user_agent=DESKTOP)
            made.set_default_timeout(15_000)
            return made

        with up(env | {"POSTLUDE_DATA": f"{data}/empty"}) as link:
            page = context().new_page()
            page.goto(link)
            shot(page, folder / "empty.png")
        run(env, "demo")
        with up(env) as link:
            take(context(), link, folder)
        browser.close()


if __name__ == "__main__":
    main()
