"""The sandbox's mailbox: mail of anybody with a login, shown in the web app. On an instance of its own."""

import base64
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attacks.attempts import attempt
from attacks.target import Target, session_in
from servers.chromium import chromium
from servers.needs import PROGRAMS
from servers.postlude import Postlude
from servers.waiting import wait_for

_RAN: Final = "RAN-4711"
_MARK: Final = f"console.log('{_RAN}')"
_HOSTILE: Final = (
    f"<script>{_MARK}</script>",
    f'<img src=x onerror="{_MARK}">',
    f'<svg onload="{_MARK}"><script>{_MARK}</script></svg>',
    f'<svg><animate onbegin="{_MARK}" attributeName=x dur=1s>',
    f'<body onload="{_MARK}">',
    f'<iframe srcdoc="<script>{_MARK}</script>"></iframe>',
    f'<iframe src="javascript:{_MARK}"></iframe>',
    f'<object data="data:text/html,<script>{_MARK}</script>"></object>',
    f'<embed src="data:image/svg+xml,<svg onload={_MARK}>">',
    f'<details open ontoggle="{_MARK}">',
    f'<input autofocus onfocus="{_MARK}">',
    f'<video><source onerror="{_MARK}"></video>',
    f'<marquee onstart="{_MARK}">x</marquee>',
    f'<math><mtext><table><mglyph><style><img src=x onerror="{_MARK}">',
    f'<noscript><p title="</noscript><img src=x onerror={_MARK}>">',
    f"<!--><script>{_MARK}</script>-->",
    f"</iframe></div></body></html><script>{_MARK}</script>",
    f'"><script>{_MARK}</script>',
    '<meta http-equiv="refresh" content="0;url=/ran">',
    '<base href="//evil.example/"><a id=b href="x" autofocus>b</a>',
    '<form id=f action="/sign-out" method=post><button autofocus>x</button></form>',
    '<link rel=stylesheet href="/ran"><style>@import "/ran";</style>',
    "<style>body{background:url(/ran)} *{position:fixed;inset:0}</style>",
    '<portal src="/ran"></portal><frameset><frame src="/ran"></frameset>',
    f'<a href="javascript:{_MARK}" id=j>j</a>',
    f'<xml><x xmlns:x="http://www.w3.org/1999/xhtml"><x:script>{_MARK}</x:script></x></xml>',
    "<template shadowrootmode=open><img src=x onerror=1></template>",
    f'<button popovertarget=p onclick="{_MARK}">x</button><div popover id=p onbeforetoggle="{_MARK}">',
    f"<img src='data:image/svg+xml;base64,{base64.b64encode(f'<svg onload={_MARK} />'.encode()).decode()}'>",
    "<input type=hidden oncontentvisibilityautostatechange=1 style=content-visibility:auto>",
)


@contextlib.contextmanager
def sandbox(target: Target, **settings: object) -> Iterator[tuple[Postlude, str]]:
    """A running sandbox and a session in it."""
    home = Path(target.postlude.home, f"sandbox-{time.monotonic_ns()}")
    home.mkdir()
    running = Postlude(home, empty=False, real=False, **settings)
    with contextlib.closing(running):
        running.start()
        running.login()
        yield running, session_in(running)


def _mail_of(login: str, to: str, subject: str, html: str) -> bytes:
    text = f"From: {login}\r\nTo: {to}\r\nSubject: {subject}\r\nMIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n"
    return (text + html).encode()


@attempt("login", "mail that the sandbox's mailbox cannot list")
def slow_heads(target: Target) -> str:
    """A page shows fifty of them: as long in the head as is taken at all."""
    with sandbox(target) as (running, cookie):
        login = running.login().user
        subjects = ("=?utf-8?q?a?= " * 4_000, "=?utf-8?b?YQ==?=" * 3_000, "=?x?q?" * 9_000, "a" * 60_000)
        count = 48 if target.full else 8
        before = target.memory(running)
        for number in range(count):
            subject = subjects[number % len(subjects)]
            running.submit(login, [f"r{number}@example.com"], _mail_of(login, "x@example.com", subject, "<p>x</p>"))
        mails = running.data / "mailbox"
        wait_for("the mails", lambda: sum(len(files) for _, _, files in os.walk(mails)) >= count, 120)
        pages = ["/mailbox", "/", "/messages"]
        for page in pages:
            answer = target.ask("web", "GET", page, headers={"Cookie": cookie}, port=running.ports["web"])
            assert answer.status in {200, 303, 404}, (page, answer.status)
        grown = target.memory(running) - before
        assert grown < 200 << 20, f"{grown >> 20} MB"
    return f"{count} mails listed, {max(grown, 0) >> 20} MB more memory"


@attempt("login", "mail that runs in the reader's browser (hostile HTML in Chromium)")
def hostile_mail(target: Target) -> str:
    """Every construct is shown where the web app shows mail; nothing runs, nothing is asked for, no page is left."""
    if not Path(PROGRAMS["chromium"]).exists():
        return "not tried: there is no Chromium here"
    with sandbox(target) as (running, cookie), chromium() as browser:
        login = running.login().user
        for number, html in enumerate(_HOSTILE):
            raw = _mail_of(login, f"h{number}@example.com", f"Hostile {number}", f"<p>shown</p>{html}")
            running.submit(login, [f"h{number}@example.com"], raw)
        name, _, value = cookie.partition("=")
        context = browser.new_context()
        context.set_default_timeout(10_000)
        context.add_cookies([{"name": name, "value": value, "url": running.web_url}])
        page, asked, told = context.new_page(), list[str](), list[str]()
        page.on("console", lambda message: told.append(message.text))
        page.on("response", lambda response: asked.append(response.url))
        page.on("dialog", lambda dialog: dialog.dismiss())

        def links() -> list[str]:
            page.goto(f"{running.web_url}/mailbox")
            hrefs = page.eval_on_selector_all("a[href^='/mailbox/']", "all => all.map(a => a.getAttribute('href'))")
            return sorted({href for href in hrefs if href.count("/") == 2 and "?" not in href})

        found = wait_for("all mails", lambda: mails if len(mails := links()) >= len(_HOSTILE) else None, 120)
        for link in found:
            page.goto(f"{running.web_url}{link}")
            page.wait_for_timeout(300)
            assert page.url == f"{running.web_url}{link}", page.url
            assert page.locator("iframe").count() == 1, link
            assert _RAN not in told, link
        assert not [url for url in asked if url.endswith("/ran") or "evil.example" in url], asked
        context.close()
    return f"{len(found)} mails shown; no script ran, nothing was fetched, no page was left"


@attempt("stranger", "visitors' addresses on the disk where none may be kept")
def no_addresses(target: Target) -> str:
    with sandbox(target, address_privacy="none") as (running, _):
        login = running.login().user
        running.submit(
            login, ["n@example.com"], _mail_of(login, "n@example.com", "x", '<a href="https://a.example/">a</a>')
        )
        mails = running.data / "mailbox"
        raw = wait_for("the mail", lambda: next((p.read_bytes() for p in mails.rglob("*") if p.is_file()), None), 60)
        pixel = "/i/" + raw.replace(b"=\r\n", b"").decode().partition("/i/")[2].partition('"')[0]
        for _ in range(3):
            answer = target.ask("edge", "GET", pixel, port=running.ports["edge"], source="127.0.0.77")
            assert answer.status == 200
        wait_for("the open", lambda: "opened" in str(running.timeline("n@example.com")), 60)
        running.stop()
        for path in running.data.rglob("*"):
            if path.is_file():
                assert b"127.0.0.77" not in path.read_bytes(), path
                assert b"127.0.0.0" not in path.read_bytes(), path
    return "neither whole nor cut"
