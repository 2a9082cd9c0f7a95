"""A campaign put into an instance's state directly: contacts by the thousand, one template, scheduled at once."""

import os
from collections.abc import Mapping
from unittest.mock import patch

from postlude.app.build.common import build_parts
from postlude.app.build.sending import build_contents
from postlude.config import load
from postlude.kit.ids import OrderedIds, new_id
from postlude.services.campaigns.scheduling import schedule_campaign
from postlude.store import Store, open_store
from postlude.store.campaigns.rows import Campaign, Variant
from postlude.store.contacts.rows import Audience
from postlude.store.contacts.tables import contacts
from servers.commands import clean_environment

HTML = (
    "<html><body><p>Dear {{ contact.first_name|default('friend') }},</p>"
    '<p><a href="https://shop.example.com/a?b=1">Look</a></p>'
    '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>\n'
)


def add_people(store: Store, count: int) -> None:
    """`r0@customer.test` and so on."""
    ids = OrderedIds().take(1_700_000_000_000_000, count)
    rows = [
        {
            "id": id_,
            "address": f"r{number}@customer.test",
            "spelled": f"r{number}@customer.test",
            "fields": {"first_name": f"Ada{number}"},
            "created_at": 1,
            "updated_at": 1,
        }
        for number, id_ in enumerate(ids)
    ]
    with store._database.write() as connection:
        connection.execute(contacts.insert(), rows)


def send_to_all(settings: Mapping[str, object], count: int, html: str = HTML) -> tuple[Store, Campaign]:
    """The store, and a campaign to `count` people that leaves as soon as something sends."""
    with patch.dict(os.environ, clean_environment(settings), clear=True):
        loaded = load()
    parts = build_parts(loaded)
    store = open_store(loaded.database)
    user = store.accounts.first_user() or store.accounts.create_user("owner@sender.test", senders=("*",), created_at=1)
    add_people(store, count)
    made = Campaign(
        id=new_id(), user=user.id, name="News", sender="News <news@sender.test>", audience=Audience(everyone=True)
    )
    store.campaigns.add(made, [Variant(campaign=made.id, message=new_id(), subject="News", html=html)])
    return store, schedule_campaign(store, build_contents(parts, store), parts.clock, made.id)
