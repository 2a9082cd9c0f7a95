"""Debian's Chromium under Playwright, quiet: no update checks, no QUIC, nothing but what the test asks for."""

from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

from servers.needs import PROGRAMS, require

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser. Tests that use it are plain functions: Playwright's loop runs in this thread meanwhile."""
    require("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=PROGRAMS["chromium"], args=list(ARGUMENTS))
        try:
            yield browser
        finally:
            browser.close()
