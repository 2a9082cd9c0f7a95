"""Real templates look the same before and after: screenshots by Chromium, byte for byte.

`TEMPLATES=400 pytest ...` looks at all there are instead of four dozen.
"""

import os
from collections.abc import Iterator
from itertools import chain, zip_longest
from pathlib import Path

import pytest
from playwright.sync_api import Page

from mails.collected import files
from mails.minting import EVERYTHING, html
from servers.chromium import chromium

WANTED = int(os.environ.get("TEMPLATES", "48"))
AT_LEAST = 30


def templates() -> list[Path]:
    """Some of every collection in turn: the first of each, the second of each ..."""
    collections: dict[Path, list[Path]] = {}
    for path in files(".html"):
        if path.parent.parent.name == "html":
            collections.setdefault(path.parent, []).append(path)
    return [path for path in chain.from_iterable(zip_longest(*collections.values())) if path][:WANTED]


@pytest.fixture
def page() -> Iterator[Page]:
    with chromium() as browser:
        page = browser.new_page(viewport={"width": 700, "height": 900}, java_script_enabled=False)
        page.route("**/*", lambda route: route.abort())  # no internet: images are boxes, before and after
        yield page


@pytest.mark.browser
@pytest.mark.timeout(600)
def test_screenshots_before_and_after_are_equal(page: Page) -> None:
    paths = templates()
    if not paths:
        pytest.skip("the corpora do not lie beside this checkout")
    different = [str(path) for path in paths if not looks_the_same(page, path.read_bytes())]
    assert different == []
    assert len(paths) >= AT_LEAST


def looks_the_same(page: Page, raw: bytes) -> bool:
    tracked, _ = html(raw, EVERYTHING)
    assert tracked != raw
    return picture(page, raw) == picture(page, tracked)


def picture(page: Page, raw: bytes) -> bytes:
    page.set_content(raw.decode("utf-8", "replace"), wait_until="load")
    return page.screenshot(full_page=True, animations="disabled", timeout=60_000)


def test_the_comparison_sees_a_difference(page: Page) -> None:
    assert picture(page, b"<p>one") == picture(page, b"<p>one")
    assert picture(page, b"<p>one") != picture(page, b"<p>one.")
