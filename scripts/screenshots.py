"""Take docs/images/*.png from the running app: `python scripts/screenshots.py [FOLDER]`. Nothing leaves the machine."""

import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import BrowserContext, Page, Route, sync_playwright

ROOT = Path(__file__).parent.parent
BODY = """Hello,

the offer is ready: [see the three options](https://shop.example/offer?id=7) or read how we came to the price: \
https://shop.example/blog/prices.

Does Thursday suit you for a call?

Olivia"""
MAILING = """<!doctype html><html><body style="font-family: sans-serif"><h1>Hello {{ contact.name }}</h1>
<p>The <a href="https://shop.example/winter">winter catalogue</a> is out, and here is
<a href="https://shop.example/blog/wool">where our wool comes from</a>.</p>
<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>"""
# Not the headless one, which is rightly taken for a machine.
DESKTOP = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/146.0.0.0 Safari/537.36"
PEOPLE = ("Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy", "Mallory", "Niaj")
SUBJECTS = [
    ("Minutes of Tuesday's meeting", "carol@example.net"),
    ("Your invoice 2026-117", "dave@example.net"),
    ("The offer we talked about", "alice@example.net, bob@example.net, erin@example.net"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local_only(route: Route) -> None:
    """Answer foreign hosts here: the links of the sample mails lead to names that do not exist."""
    if "//127.0.0.1" in route.request.url:
        route.continue_()
    else:
        route.fulfill(body="<title>shop</title>the page behind the link", content_type="text/html")


def action(page: Page, base: str, recipient: str, *buttons: str) -> None:
    """Open the newest mail to `recipient` and press buttons."""
    page.goto(f"{base}/mailbox")
    page.get_by_role("link", name=f"to {recipient}").first.click()
    page.wait_for_timeout(2300)  # a click within two seconds of delivery is suspected to be a machine's
    for button in buttons:
        if button == "click":
            with page.context.expect_page() as opened:
                page.frame_locator("iframe.mail").get_by_role("link").first.click()
            opened.value.wait_for_load_state()
            opened.value.close()
        else:
            page.get_by_role("button", name=button).click()
            page.get_by_role("status").wait_for()


def compose(page: Page, base: str, subject: str, to: str) -> None:
    page.goto(f"{base}/compose")
    page.fill("[name=to]", to)
    page.fill("[name=subject]", subject)
    page.fill("#body", BODY)
    page.locator(".finger-list").wait_for()


def story(page: Page, base: str, folder: Path) -> None:
    """A few messages and what becomes of them."""
    page.goto(f"{base}/")
    shot(page, folder / "empty.png")
    for subject, to in SUBJECTS:
        compose(page, base, subject, to)
        if "," in to:
            shot(page, folder / "compose.png")
        page.get_by_role("button", name="Send").click()
        page.get_by_role("heading", name="Timeline").wait_for()
        page.get_by_text("delivered").first.wait_for()
    action(page, base, "dave@example.net", "Bounce")
    action(page, base, "alice@example.net", "click", "Reply")
    shot(page, folder / "mail.png")
    action(page, base, "bob@example.net")
    action(page, base, "erin@example.net", "Out of office")
    page.wait_for_timeout(1500)


def mailing(page: Page, base: str, folder: Path, env: dict[str, str]) -> None:
    """Contacts, a campaign to them, and what becomes of it."""
    postlude(env, "lists", "add", "Customers")
    with tempfile.NamedTemporaryFile("w", suffix=".csv") as file:
        file.write("email,name\n" + "".join(f"{name.lower()}@example.net,{name}\n" for name in PEOPLE))
        file.flush()
        agreed = ("--consent", "mail", "--agreed", "ticked at the checkout")
        postlude(env, "contacts", "import", file.name, "--list", "Customers", *agreed)
    page.goto(f"{base}/contacts")
    shot(page, folder / "contacts.png")
    page.goto(f"{base}/campaigns")
    page.get_by_label("Name of the new campaign").fill("Winter catalogue")
    page.get_by_role("button", name="New campaign").click()
    page.get_by_role("checkbox", name="Customers").first.check()
    page.get_by_label("Subject").fill("{{ contact.name }}, the winter catalogue is out")
    page.get_by_label("Preheader").fill("Wool, lamps and tea")
    page.locator("#A_source").fill(MAILING)
    page.get_by_role("button", name="Save").click()
    page.get_by_text("Send to ", exact=False).first.wait_for()
    page.frame_locator("iframe[name=preview]").get_by_role("heading").wait_for()
    shot(page, folder / "campaign-draft.png")
    page.locator("details.ask summary").first.click()
    page.get_by_role("button", name="Yes, send to").click()
    page.locator("h1 .badge", has_text="sent").wait_for()
    report = page.url
    for name in PEOPLE[:5]:
        action(page, base, f"{name.lower()}@example.net", *(("click",) if name in PEOPLE[:3] else ()))
    action(page, base, "frank@example.net", "Unsubscribe")
    page.wait_for_timeout(1500)
    page.goto(report)
    shot(page, folder / "campaign.png")


def postlude(env: dict[str, str], *words: str) -> None:
    command = [Path(sys.executable).with_name("postlude"), *words]
    subprocess.run(command, env=env, check=True, capture_output=True)


def shots(page: Page, base: str, folder: Path, suffix: str) -> None:
    for name, path in (("sent", "/"), ("mailbox", "/mailbox"), ("preferences", "/preferences")):
        page.goto(base + path)
        shot(page, folder / f"{name}{suffix}.png")
    page.goto(f"{base}/")
    page.get_by_role("link", name=SUBJECTS[-1][0]).click()
    page.get_by_role("heading", name="Timeline").wait_for()
    shot(page, folder / f"message{suffix}.png")


def shot(page: Page, path: Path) -> None:
    page.wait_for_load_state()
    page.wait_for_timeout(300)
    page.screenshot(path=path, full_page=True)
    print(path)


def take(context: BrowserContext, link: str, folder: Path, env: dict[str, str]) -> None:
    base = link.partition("/sign-in/")[0]
    context.route("**/*", local_only)
    page = context.new_page()
    page.goto(link)
    story(page, base, folder)
    shots(page, base, folder, "")
    page.emulate_media(color_scheme="dark")
    shots(page, base, folder, "-dark")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 390, "height": 800})
    shots(page, base, folder, "-phone")
    page.set_viewport_size({"width": 1200, "height": 760})
    mailing(page, base, folder, env)


def started(data: Path) -> tuple[subprocess.Popen[str], str, dict[str, str]]:
    """`postlude up` on a fresh folder, its sign-in link and its settings."""
    ports = {f"POSTLUDE_{name}_PORT": str(free_port()) for name in ("WEB", "EDGE", "RELAY", "INBOUND")}
    env = {**os.environ, **ports, "POSTLUDE_DATA": str(data)}
    command = [Path(sys.executable).with_name("postlude"), "up"]
    process = subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True)
    assert process.stdout
    for line in process.stdout:
        if found := re.search(r"http\S+/sign-in/\S+", line):
            return process, found[0], env
    raise SystemExit("postlude up did not start")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "images"
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as data:
        process, link, env = started(Path(data) / "data")
        try:
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path="/usr/bin/chromium", args=["--no-sandbox"])
                context = browser.new_context(viewport={"width": 1200, "height": 760}, user_agent=DESKTOP)
                context.set_default_timeout(15_000)
                take(context, link, folder, env)
                browser.close()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(20)


if __name__ == "__main__":
    main()
