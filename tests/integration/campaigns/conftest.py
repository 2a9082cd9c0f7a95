"""A store with a small cast, and a world of campaigns on it."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from postlude.instrument import Policy
from postlude.kit.clock import SystemClock
from postlude.model.words import Consent, MemberStatus, Purpose
from postlude.services.campaigns.content import Contents
from postlude.services.campaigns.drafts import VariantContent, change_campaign, create_campaign
from postlude.store import Store, open_store
from postlude.store.campaigns.rows import Campaign, CampaignOptions
from postlude.store.contacts.rows import Audience
from postlude.tokens import KeyRing, Prefixes, TokenCodec
from support.state_template import sqlite_state

EDGE = "https://t.example.org"
HTML = (
    '<html><body><p>Dear {{ contact.first_name|default("friend") }},</p>'
    '<p><a href="https://shop.example.com/offer?a=1">Offer</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>\n'
)


class Settable:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.at = SystemClock().now()

    def now(self) -> int:
        return self.at

    def later(self, hours: float) -> None:
        self.at += int(hours * 3600 * 1_000_000)


class World(NamedTuple):
    """What the services are given."""

    store: Store
    contents: Contents
    clock: Settable
    codec: TokenCodec
    list: int
    folder: Path

    def draft(self, name: str = "News", audience: Audience | None = None, **options: Any) -> Campaign:
        """A draft with content to the list."""
        user = self.store.accounts.first_user()
        assert user is not None
        made = create_campaign(self.store, self.clock, user, name, "News <news@example.org>")
        content = VariantContent(
            subject="News for {{ contact.first_name|default('you') }}", preheader="In short", html=HTML
        )
        return change_campaign(
            self.store,
            made.id,
            {},
            {"A": content},
            audience or Audience(lists=[self.list]),
            CampaignOptions(**options),
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Alice, Bob and Charlie are on News, with consent; Charlie has no first name."""
    clock = Settable()
    store = open_store(sqlite_state(tmp_path))
    store.accounts.create_user("owner@example.org", senders=("*",), created_at=1)
    news = store.lists.add("News", 1)
    for number, name in enumerate(("alice", "bob", "charlie")):
        fields = {"first_name": name.title()} if name != "charlie" else {}
        zone = "Asia/Tokyo" if name == "bob" else ""
        contact = store.contacts.add(f"{name}@customer.test", 2 + number, fields=fields, time_zone=zone)
        store.lists.put_member(news.id, contact.id, MemberStatus.SUBSCRIBED, 2)
        store.contacts.record_consent(contact.id, {Purpose.MAIL: Consent.GIVEN}, 2, how="by hand")
    codec = TokenCodec(KeyRing({1: b"k" * 32}, 1))
    contents = Contents(store, codec, EDGE, Prefixes(), lambda _: Policy(), tmp_path / "views")
    yield World(store, contents, clock, codec, news.id, tmp_path / "files")
    store.close()
