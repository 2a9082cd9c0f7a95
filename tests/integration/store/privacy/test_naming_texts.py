"""Texts that name an address without being about it, on both engines."""

from base64 import b64encode
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from sqlalchemy import JSON, Text

from postlude.model.words import Via
from postlude.segments.expression import AnyOf, Expression, FieldIn, FieldIs, Not
from postlude.store import Batch, Copy, Link, Message, Store, Submission, Suppression, Unmatched, open_store
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
    *("credentials", "web_sessions", "audit_log", "identities", "passkeys", "guesses", "api_keys"),
    *("app_passwords", "settings", "messages", "links", "suppressions", "list_members", "consents", "proofs", "jobs"),
    *("copy_states", "copy_state_changes", "ended_sessions", "forgotten", "incidents", "journal_labels", "outcomes"),
    *("message_content", "message_topics", "topic_rules"),
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


@pytest.mark.parametrize("spelled", [BOB, KEY, BOB.title(), KEY.upper()])
@pytest.mark.parametrize("place", range(3))
def test_what_is_said_of_others_no_longer_names_them_in_base64(kept: Store, spelled: str, place: int) -> None:
    packed = b64encode(f"{'x' * place} {spelled}, with a broken leg".encode()).decode()
    kept.suppressions.add_all(
        [Suppression("carol@example.org", "manual", f"see data:text/plain;base64,{packed}", at=NOW)]
    )
    kept.forgetting.forget(KEY, NOW)
    found = kept.suppressions.get("carol@example.org")
    assert found is not None
    assert packed not in found.evidence
    assert found.evidence.startswith("see data:text/plain;base64,forgotten-")


@pytest.mark.parametrize("form", ["plain", "base64", "url"])
@pytest.mark.parametrize("spelled", [BOB, KEY])
def test_a_question_that_names_them_in_any_form_goes(kept: Store, spelled: str, form: str) -> None:
    texts = {
        "plain": spelled,
        "base64": b64encode(f"to {spelled}".encode()).decode(),
        "url": spelled.replace("@", "%40"),
    }
    rows = [
        Unmatched(number, NOW, 0, "ambiguous", facts={"text": text})
        for number, text in enumerate((f"see {texts[form]}", "see you", b64encode(b"notbob@else.example").decode()), 1)
    ]
    kept.digest.apply(Batch(unmatched=rows))
    kept.forgetting.forget(KEY, NOW)
    assert sorted(one.id for one in kept.feedback.list_unmatched()) == [2, 3]


def test_links_and_subject_of_their_mail_no_longer_name_them(kept: Store) -> None:
    packed = b64encode(b"to=" + KEY.encode()).decode().rstrip("=")
    urls = [
        f"https://shop.example/u/{packed}",
        f"https://shop.example/?m={KEY.replace('@', '%40')}",
        "https://shop.example/",
    ]
    sender: dict[str, Any] = {"sender": "a@x.org", "mail_from": "a@x.org", "via": Via.RELAY}
    message = Message(id=1, user=1, message_id="m", subject=packed, created_at=NOW, **sender)
    links = [Link(1, number, url, url, tracked=True) for number, url in enumerate(urls, 1)]
    kept.digest.apply(
        Batch(submissions=[Submission(message, tuple(links), (Copy(10, 1, KEY), Copy(11, 1, "carol@x.org")))])
    )
    kept.forgetting.forget(KEY, NOW)
    assert kept.messages.get(1).subject == ""
    assert [(one.url, one.label) for one in kept.messages.links(1)] == [("", ""), ("", ""), (urls[2], urls[2])]
