"""Who asks what is stored gets all of it."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from postlude.history import History, open_history
from postlude.model.errors import NotFoundError
from postlude.model.event import Event
from postlude.model.words import Consent, EventKind, MemberStatus, Purpose, Via
from postlude.services.privacy.subject_access import describe_stored
from postlude.store import Batch, Copy, Message, PreferenceChoice, Store, Submission, Unmatched

BOB = "bob@example.org"
NOW = 1_700_000_000_000_000
RAW_MAIL: dict[str, Any] = {"user": 1, "message_id": "m", "sender": "a@x.org", "mail_from": "a@x.org", "via": Via.RELAY}


@pytest.fixture
def history(tmp_path: Path) -> Iterator[History]:
    with closing(open_history(tmp_path / "history.duckdb")) as opened:
        yield opened


def test_a_contact_that_never_got_mail_is_told_everything(store: Store, history: History) -> None:
    contact = store.contacts.add("Bob@example.org", NOW, name="Bob B", fields={"note": "broken leg"}, source="fair")
    news = store.lists.add("News", NOW)
    store.lists.put_member(news.id, contact.id, MemberStatus.SUBSCRIBED, NOW, "card")
    store.contacts.tag_contact(store.contacts.tag("vip"), contact.id)
    reported = {Purpose.MAIL: Consent.GIVEN}
    store.contacts.record_consent(
        contact.id, reported, NOW, how="by hand", source="paper form", text="I want it", by="carol"
    )
    text = describe_stored(store, history, BOB)
    for part in ("Bob B", "Bob@example.org", "note: broken leg", "where from: fair", "list News: subscribed", "by card",
                 "tags: vip", "mail: given", "where: paper form", "text: I want it", "by: carol"):  # fmt: skip
        assert part in text, part


def test_a_choice_and_a_suppression_are_told_with_their_reason(store: Store, history: History) -> None:
    store.privacy.choose(BOB, PreferenceChoice(0, opens=False, clicks=True, at=NOW, evidence="letter"), "by hand")
    store.suppressions.add(BOB, "complained", "report 5", at=NOW)
    text = describe_stored(store, history, BOB)
    assert "opens are not recorded" in text
    assert "complained; report 5" in text


def test_replies_are_told_with_their_words(store: Store, history: History) -> None:
    message = Message(id=1, subject="Offer", created_at=NOW, **RAW_MAIL)
    store.digest.apply(Batch(submissions=[Submission(message, (), (Copy(10, 1, BOB),))]))
    history.append([Event(5, EventKind.REPLIED, NOW, 1, 10, facts={"text": "my leg is broken"})], {})
    assert "my leg is broken" in describe_stored(store, history, BOB)


def test_what_came_back_and_names_the_address_is_told(store: Store, history: History) -> None:
    facts = {"sender": BOB, "text": "who are you"}
    store.digest.apply(Batch(unmatched=[Unmatched(1, NOW, 7, "nothing_of_ours", kind="replied", facts=facts)]))
    assert "who are you" in describe_stored(store, history, BOB)


def test_of_whom_nothing_is_stored_nothing_is_told(store: Store, history: History) -> None:
    with pytest.raises(NotFoundError, match="nothing is stored"):
        describe_stored(store, history, BOB)


EVE = "eve@example.net"


def ask_about(store: Store, history: History, kind: str, facts: dict[str, str], copy: int = 0) -> str:
    store.digest.apply(Batch(unmatched=[Unmatched(1, NOW, 7, "nothing_of_ours", "from x", kind, copy, facts=facts)]))
    return describe_stored(store, history, BOB)


@pytest.mark.parametrize("kind", ["replied", "mail", "autoresponded", "reacted", "unsubscribed"])
def test_what_another_person_wrote_is_told_to_be_there_and_not_quoted(
    store: Store, history: History, kind: str
) -> None:
    facts = {"sender": EVE, "subject": "About Bob", "text": f"{BOB} told me of my illness", "finding": kind}
    text = ask_about(store, history, kind, facts)
    assert "written by another person" in text
    assert "other people wrote" in text
    for secret in (EVE, "illness", "About Bob"):
        assert secret not in text


def test_what_the_person_wrote_is_told_whole(store: Store, history: History) -> None:
    text = ask_about(store, history, "mail", {"sender": "Bob@Example.org", "text": f"ask {EVE} about me"})
    assert f"ask {EVE} about me" in text
    assert "other people wrote" not in text


def test_a_report_of_a_machine_is_told_without_addresses_of_others(store: Store, history: History) -> None:
    words = {"sender": "MAILER-DAEMON@mx.example.org", "recipient": BOB, "text": f"550 <{BOB}> moved to {EVE}"}
    text = ask_about(store, history, "bounced", words)
    assert f"550 <{BOB}> moved to (another address)" in text
    assert "MAILER-DAEMON@mx.example.org" in text


def test_an_answer_to_his_mail_from_another_address_is_not_quoted(store: Store, history: History) -> None:
    message = Message(id=1, subject="Offer", created_at=NOW, **RAW_MAIL)
    store.digest.apply(Batch(submissions=[Submission(message, (), (Copy(10, 1, BOB),))]))
    facts = {"text": "I am his lawyer", "sender": EVE}
    history.append([Event(5, EventKind.REPLIED, NOW, 1, 10, facts=facts)], {})
    text = describe_stored(store, history, BOB)
    assert "lawyer" not in text
    assert EVE not in text
    assert "written by another person" in text


@pytest.mark.parametrize("other", ["jan@example.org", "x.an@example.org", "an@example.org.uk"])
def test_who_has_the_end_of_an_address_is_told_nothing_of_its_owner(store: Store, history: History, other: str) -> None:
    facts = {"sender": other, "text": "my leg is broken"}
    store.digest.apply(Batch(unmatched=[Unmatched(1, NOW, 7, "nothing_of_ours", kind="replied", facts=facts)]))
    with pytest.raises(NotFoundError, match="nothing is stored"):
        describe_stored(store, history, "an@example.org")


def test_a_domain_in_its_own_script_is_the_same_address(store: Store, history: History) -> None:
    facts = {"sender": "bob@m\u00fcnchen.example", "text": "who are you"}
    store.digest.apply(Batch(unmatched=[Unmatched(1, NOW, 7, "nothing_of_ours", kind="replied", facts=facts)]))
    assert "who are you" in describe_stored(store, history, "bob@xn--mnchen-3ya.example")
