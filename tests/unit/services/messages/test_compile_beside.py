"""A large message is compiled in another process, and the same comes of it."""

import os
from pathlib import Path

from postlude.instrument import Policy, compile_message
from postlude.mail.limits import LARGE
from postlude.services.messages.compile_beside import compile_beside
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

URLS = Urls(TokenCodec(KeyRing({1: b"k" * 32}, 1)), "https://t.example.org", Kind.MESSAGE, 7)
HTML = b'Content-Type: text/html\r\n\r\n<p><a href="https://shop.example/a">See</a></p>\r\n'
TOKEN = "A" * 24


def test_the_same_comes_of_it() -> None:
    for raw in (HTML, HTML + b"<p>more</p>\r\n" * (LARGE // 10), HTML.replace(b"text/html", b"text/plain") * 20_000):
        mine, others = compile_message(raw, Policy(), URLS), compile_beside(raw, Policy(), URLS)
        assert others.render(TOKEN) == mine.render(TOKEN)
        assert others.links == mine.links
        assert others.opens == mine.opens
        assert others.skipped_parts == mine.skipped_parts


def test_this_process_has_a_child_for_it_only_once_it_is_needed() -> None:
    before = _children()
    compile_beside(HTML, Policy(), URLS)
    assert _children() == before
    compile_beside(HTML + b"<p>more</p>\r\n" * (LARGE // 10), Policy(), URLS)
    assert _children()


def _children() -> list[str]:
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
