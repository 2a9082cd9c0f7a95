"""One key, one message, one copy: what every test of instrumenting mints with."""

from postlude.instrument import Instrumented, Policy, instrument
from postlude.instrument.edits import split_edited
from postlude.instrument.html_part import plan_html
from postlude.instrument.report import LinkReport
from postlude.instrument.session import InstrumentSession
from postlude.tokens import KeyRing, Kind, TokenCodec, Urls

BASE = "https://mail.sender.example"
CODEC = TokenCodec(KeyRing({1: b"k" * 32}, 1))
URLS = Urls(CODEC, BASE, Kind.MESSAGE, 77)
OTHER = Urls(CODEC, BASE, Kind.MESSAGE, 78)
"""Another message of the same sender."""
TOKEN = URLS.token(5)
EVERYTHING = Policy(text=True, visible_urls=True, headers=False)


def track(raw: bytes, policy: Policy | None = None) -> Instrumented:
    """The copy with `TOKEN`."""
    return instrument(raw, Policy() if policy is None else policy, URLS, TOKEN)


def html(data: bytes | str, policy: Policy | None = None, charset: str = "utf-8") -> tuple[bytes, list[LinkReport]]:
    """An HTML part alone, tracked, and what is said of its links."""
    raw = data.encode() if isinstance(data, str) else data
    session = InstrumentSession(Policy() if policy is None else policy, URLS)
    edits = plan_html(raw, session, charset, with_pixel=session.policy.opens).edits
    return TOKEN.encode().join(split_edited(raw, edits)), session.links


def link(position: int, url: str, urls: Urls = URLS, copy: int = 5) -> str:
    """The tracked URL."""
    head, tail = urls.link(position, url)
    return head + urls.token(copy) + tail


def pixel(urls: Urls = URLS, copy: int = 5) -> str:
    """The pixel's URL."""
    head, tail = urls.pixel()
    return head + urls.token(copy) + tail
