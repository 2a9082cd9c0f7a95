"""A real browser follows nasty links and arrives where the plain URL would have led it, byte for byte."""

import asyncio
from collections.abc import AsyncIterator
from itertools import cycle, product
from pathlib import Path

import pytest
from playwright.async_api import async_playwright

from postlude.edge.location import location
from postlude.tokens import Kind, Urls

from .conftest import CODEC, COPY, MESSAGE, RunningEdge

CHROMIUM = Path("/usr/bin/chromium")
PATHS = ("", "a", "%2F%2e%2e/x", "é/ü", "a b", "a+b;c=d", "[x]{y}|z^`", "\U0001f600", "a%20b%", "//x//y/./..")
QUERIES = (
    "",
    "?",
    "?a=1&a=&b&=c&&",
    "?q=%2F+%20%2B",
    "?u=https://x.example/?y=%252F",
    "?ä=ö&amp;x=1&copy=2",
    "?'\"<>|[]",
)
FRAGMENTS = ("", "#", "#é~:text=a%20b")

pytestmark = [pytest.mark.long, pytest.mark.browser, pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")]


class Destination:
    """A server that writes down the request lines it got."""

    def __init__(self) -> None:
        self.lines: list[bytes] = []

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b"GET /favicon.ico " not in head:
            self.lines.append(head.partition(b"\r\n")[0])
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/html\r\nConnection: close\r\n\r\nok")
        await writer.drain()
        writer.close()


@pytest.fixture
async def destination() -> AsyncIterator[tuple[Destination, str]]:
    seen = Destination()
    server = await asyncio.start_server(seen, "127.0.0.1", 0)
    yield seen, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    server.close()
    await server.wait_closed()


async def test_chromium_lands_on_the_same_bytes(endpoint: RunningEdge, destination: tuple[Destination, str]) -> None:
    seen, base = destination
    urls = Urls(CODEC, f"http://127.0.0.1:{endpoint.edge.port}", Kind.MESSAGE, MESSAGE)
    # Every path with every query, each of both with every fragment. Neighbours differ in more than their fragment:
    # a change of the fragment alone loads nothing.
    pairs = zip(product(QUERIES, PATHS), cycle(FRAGMENTS), strict=False)
    nasty = [base + path + query + fragment for (query, path), fragment in pairs]
    assert len(nasty) == len(set(nasty)) == 70
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = await browser.new_page()
        for position, url in enumerate(nasty):
            seen.lines.clear()
            await page.goto(url, wait_until="commit")
            plain = await page.evaluate("location.href")
            await page.goto(urls.token(COPY).join(urls.link(position, url)), wait_until="commit")
            tracked = await page.evaluate("location.href")
            assert tracked == plain
            assert seen.lines == [seen.lines[0]] * 2
        await browser.close()
    assert len(endpoint.hits()) == len(nasty)


HOSTS = (
    "bücher.example",
    "BÜCHER.Example",
    "straße.example",
    "σας.example",
    "日本語.example",
    "☃.example",
    "\U0001f600.example",
    "a\u200cb.example",
    "evil\u3002example",
    "ǆ.example",
    "\uff11\uff12\uff17.0.0.1",
    "مثال.إختبار",
    "a\u2011b.example",
    "a\u00adb.example",
    "xn--bcher-kva.example",
    "\uff0f.example",
)


async def test_hosts_in_other_letters_are_those_the_browser_would_ask() -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = await browser.new_page()
        for host in HOSTS:
            url = f"https://{host}/x"
            expected = await page.evaluate("url => { try { return new URL(url).href } catch { return null } }", url)
            found = location(url)
            where = found and await page.evaluate("url => new URL(url).href", found.decode())
            assert where == expected, host
        await browser.close()


async def test_the_pages_work_in_a_browser(endpoint: RunningEdge) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        page = await browser.new_page(locale="de-DE")
        problems: list[str] = []
        page.on("console", lambda message: problems.append(message.text))
        base = f"http://127.0.0.1:{endpoint.edge.port}"
        await page.goto(base + endpoint.preferences)
        await page.get_by_label("Der Absender darf sehen, wann ich eine E-Mail öffne").uncheck()
        await page.get_by_role("button", name="Entscheidung speichern").click()
        await page.get_by_role("heading", name="Ihre Entscheidung ist gespeichert").wait_for()
        await page.goto(base + endpoint.unsubscribe)
        await page.get_by_role("button", name="Abmelden").click()
        await page.get_by_role("heading", name="Sie sind abgemeldet").wait_for()
        await page.goto(base + endpoint.campaign_unsubscribe)
        await page.get_by_label("Alle Mailings dieses Absenders").check()
        await page.get_by_role("button", name="Abmelden").click()
        await page.get_by_role("heading", name="Sie sind abgemeldet").wait_for()
        await page.goto(base + endpoint.pixel)
        assert await page.evaluate("document.images[0].decode().then(() => document.images[0].naturalWidth)") == 1
        await browser.close()
    assert problems == []
    assert [hit.facts for hit in endpoint.hits() if hit.method == "POST"] == [
        {"opens": "off", "clicks": "on"},
        {"how": "page", "scope": "all"},
        {"how": "page", "scope": "all"},
    ]
