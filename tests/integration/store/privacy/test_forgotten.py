"""What the state forgets of an address, and how it knows it again; on both engines."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from postlude.model.errors import StorageError
from postlude.model.words import CopyStatus, Via
from postlude.store import (
    Batch,
    Copy,
    Link,
    Message,
    PreferenceChoice,
    QuarantinedRecord,
    Store,
    Submission,
    Unmatched,
    open_store,
)
from support.present import present

BOB, CAROL, NOW = "bob@example.org", "carol@example.org", 1_700_000_000_000_000


@pytest.fixture
def kept(state_url: str) -> Iterator[Store]:
    with closing(open_store(state_url, lambda _make: bytes(32))) as store:
        yield store


def sent(store: Store, number: int, *recipients: str, status: CopyStatus = CopyStatus.SENT) -> None:
    message = Message(
        id=number, user=1, message_id="m", subject=f"For {BOB}", sender="a@x.org", mail_from="a@x.org",
        via=Via.RELAY, created_at=NOW,
    )  # fmt: skip
    copies = tuple(Copy(number * 10 + i, number, to, status=status) for i, to in enumerate(recipients))
    links = (Link(number, 0, f"https://x.example/?for={BOB}", "yours"), Link(number, 1, "https://x.example/", "all"))
    store.digest.apply(Batch(submissions=[Submission(message, links, copies)]))


def test_copies_get_one_pseudonym_and_say_nothing_more(kept: Store) -> None:
    sent(kept, 1, BOB, CAROL)
    sent(kept, 2, BOB.title())
    assert sorted(kept.forgetting.forget(BOB, NOW).copies) == [10, 20]
    first, other = kept.messages.copy(10), kept.messages.copy(20)
    assert first.recipient == other.recipient
    assert first.recipient.endswith("@forgotten.invalid")
    assert kept.messages.copy(11).recipient == CAROL
    assert [kept.messages.get(number).subject for number in (1, 2)] == ["", ""]
    assert [link.url for link in kept.messages.links(1)] == ["", "https://x.example/"]


def test_questions_and_records_that_name_it_go(kept: Store) -> None:
    rows = [
        Unmatched(1, NOW, 7, "ambiguous", facts={"sender": BOB.upper()}),
        Unmatched(2, NOW, 8, "ambiguous", facts={"sender": CAROL}),
    ]
    quarantined = [
        QuarantinedRecord(1, 1, n, NOW, "unreadable", data, waiting=False) for n, data in ((1, BOB.encode()), (2, b"x"))
    ]
    kept.digest.apply(Batch(unmatched=rows, quarantined=quarantined))
    assert list(kept.forgetting.forget(BOB, NOW).mails) == [7]
    assert [one.id for one in kept.feedback.list_unmatched()] == [2]
    assert [one.data for one in kept.feedback.list_quarantined()] == [b"x"]


def test_what_it_did_not_want_comes_back_with_it(kept: Store) -> None:
    kept.suppressions.add(BOB, "complained", at=NOW)
    kept.privacy.choose(BOB, PreferenceChoice(0, opens=True, clicks=False, at=NOW, evidence="page"), "by hand")
    kept.forgetting.forget(BOB, NOW)
    assert kept.suppressions.get(BOB) is None
    sent(kept, 1, BOB, status=CopyStatus.QUEUED)
    assert present(kept.suppressions.get(BOB)).reason == "complained"
    assert kept.privacy.withdrawals([BOB])[BOB].clicks


def test_an_address_that_wanted_everything_leaves_no_hash(kept: Store) -> None:
    sent(kept, 1, BOB)
    kept.forgetting.forget(BOB, NOW)
    assert not kept.forgetting.has_hashes()


def test_a_store_without_the_key_takes_nobody_in(kept: Store, state_url: str) -> None:
    kept.suppressions.add(BOB, "complained", at=NOW)
    kept.forgetting.forget(BOB, NOW)
    with closing(open_store(state_url)) as without, pytest.raises(StorageError, match="is not loaded"):
        without.contacts.add(CAROL, NOW)


def test_nothing_remains_to_be_done_after_the_request_is_done(kept: Store) -> None:
    kept.forgetting.ask_to_forget("Bob@Example.org", NOW)
    assert kept.forgetting.to_forget() == [BOB]
    kept.forgetting.forget(BOB, NOW)
    kept.forgetting.forgot(BOB)
    kept.forgetting.leave_no_remains()
    assert kept.forgetting.to_forget() == []
