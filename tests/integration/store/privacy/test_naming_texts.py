"""Texts that name an address without being about it, on both engines."""

from collections.abc import Iterator
from contextlib import closing

import pytest
from sqlalchemy import JSON, Text

from postlude.segments.expression import AnyOf, Expression, FieldIn, FieldIs, Not
from postlude.store import Store, Suppression, open_store
from postlude.store.columns import metadata
from postlude.store.privacy.naming_texts import NAMING_TEXTS

BOB, NOW = "bob@münchen.example", 1_700_000_000_000_000
KEY = "bob@xn--mnchen-3ya.example"

HANDLED = {
    # deleted or given a pseudonym with the copies, the contact or the questions of the address
    *("copies", "contacts", "copy_activity", "data_requests", "forget_requests", "unmatched", "job_errors"),
    "engagement_due",
    *("messages.subject", "messages.envid", "links.url", "links.label", "withdrawals", "tracking_choices"),
    *("suppressions.address", "message_aliases.message_id_text"),
}
OUR_OWN = {
    # what users wrote for everybody, and words of our own
    *("campaign_files", "campaign_variants", "campaigns", "lists", "tags", "contact_fields", "segments", "users"),
    *("credentials", "web_sessions"),
    *("app_passwords", "settings", "messages", "links", "suppressions", "list_members", "consents", "proofs", "jobs"),
    *("copy_states", "copy_state_changes", "ended_sessions", "forgotten", "incidents", "journal_labels", "outcomes"),
    *("engagement", "mailbox_domains", "message_clients", "notices", "set_aside", "transport_usage", "workers"),
}


@pytest.fixture
def kept(state_url: str) -> Iterator[Store]:
    with closing(open_store(state_url, lambda _make: bytes(32))) as store:
        yield store


def test_every_text_of_every_table_is_accounted_for() -> None:
    """A new table with a text is either put into NAMING_TEXTS, forgotten elsewhere, or said here to be our own."""
    texts = [
        column
        for table in metadata.sorted_tables
        for column in table.columns
        if isinstance(column.type, Text | JSON) and column not in {*NAMING_TEXTS}
    ]
    known = HANDLED | OUR_OWN
    assert [
        f"{one.table.name}.{one.name}" for one in texts if not {one.table.name, f"{one.table.name}.{one.name}"} & known
    ] == []


@pytest.mark.parametrize("spelled", [BOB, KEY, BOB.title()])
def test_a_saved_segment_no_longer_names_who_was_forgotten(kept: Store, spelled: str) -> None:
    def choosing(address: str) -> Expression:
        return AnyOf(
            (
                Not(FieldIs("address", "=", address)),
                FieldIn("address", (address, "notbob@münchen.example", "bob@münchen.example.org")),
            )
        )

    one = kept.segments.add("all but him", choosing(spelled), NOW)
    kept.forgetting.forget(KEY, NOW)
    left = kept.segments.get(one.id).expression
    assert isinstance(left, AnyOf)
    assert isinstance(left.parts[1], FieldIn)
    pseudonym = left.parts[1].values[0]
    assert pseudonym.endswith("@forgotten.invalid")
    assert left == choosing(pseudonym)


def test_what_is_said_of_others_no_longer_names_who_was_forgotten(kept: Store) -> None:
    kept.suppressions.add_all([Suppression("carol@example.org", "manual", f"asked by {KEY.upper()}.", at=NOW)])
    kept.forgetting.forget(KEY, NOW)
    found = kept.suppressions.get("carol@example.org")
    assert found is not None
    assert "bob" not in found.evidence.lower()
    assert found.evidence.startswith("asked by forgotten-")
